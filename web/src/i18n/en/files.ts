import { defineArea } from "../catalog";

export default defineArea({
  "files.attach": "Attach files",
  "files.attachTitle": "Attach files (or drop or paste them)",
  "files.drop": "Drop to attach",
  "files.open": "Show what was read of {name}",
  "files.reading": "reading…",
  "files.gone": "The file was deleted.",
  "files.unreadable": "not readable",
  "files.tokens": { one: "{count} token", other: "{count} tokens" },
  "files.noText": "No text was found in it.",
  "files.sending": "Sending {name}",
  "files.stillSending": "A file is still on its way; send the message when it is there.",
  "files.pasted": "pasted.png",
  "files.text": "What was read of the file",
  "files.download": "Download the file",
  "files.more": "Show more",
  "files.place.page": "Page {at}",
  "files.place.slide": "Slide {at}",
  "files.place.line": "Line {at}",
  "files.place.cell": "Cell {at}",
  "files.place.sheet": "Sheet {sheet}, {cells}",
});
