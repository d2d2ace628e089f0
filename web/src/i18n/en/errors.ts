import { defineArea } from "../catalog";

export default defineArea({
  "errors.broke": "the connection broke before the answer was complete",
  "errors.unreachable": "the server cannot be reached",
  "errors.status": "the server answered with status {status}",
  "errors.tooLarge": "Shorten the message or start a new chat.",
  "errors.busy": "The server is busy. Wait a moment, then retry.",
  "errors.starting": "The server is busy or still starting. Wait a moment, then retry.",
  "errors.keyWrong": "the server did not accept the API key",
  "errors.keyMissing": "the server asks for an API key",
  "errors.keyHelp": "Retry, and enter the key that belongs to this server.",
});
