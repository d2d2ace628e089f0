import { defineArea } from "../catalog";

export default defineArea({
  "text.code": "{language} code",
  "text.plain": "text",
  "text.copyCode": "Copy code",
  "text.done": "done",
  "text.toDo": "to do",
  "text.image": "Image: {label}",
  "text.imageLabel": "image",
  "text.imageBlocked": "[image: {label}]",
  "text.table": "Table",
  "text.details": "Details",
  "text.footnotes": "Footnotes",
  "text.footnote": "Footnote {number}",
  "text.footnoteBack": "Back to reference {number}",
});
