import { defineArea } from "../catalog";

export default defineArea({
  "keys.title": "Keyboard shortcuts",
  "keys.search": "Search chats",
  "keys.new": "New chat",
  "keys.focus": "Write a message",
  "keys.stop": "Stop the answer",
  "keys.copy": "Copy the last answer",
  "keys.sidebar": "Show or hide the sidebar",
  "keys.previous": "Previous chat",
  "keys.next": "Next chat",
  "keys.help": "This sheet",
  "keys.send": "Send the message",
  "keys.newLine": "New line in the message",
  "keys.hint": "A question mark opens this sheet, too, where nothing is being typed.",
});
