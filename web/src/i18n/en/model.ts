import { defineArea } from "../catalog";

export default defineArea({
  "model.name": "The model",
  "model.choose": "Choose a model, now {model}",
  "model.all": "All models",
  "model.ready": "ready",
  "model.failedState": "could not be loaded",
  "model.unreachableState": "not reachable",
  "model.connecting": "connecting…",
  "model.loadingState": "loading",
  "model.loadingOpen": "{stage}…",
  "model.loadingShare": "{stage} {percent}",
  "model.announcement": "{model}: {state}",
  "model.loadingAnnouncement": "The model is loading.",

  "model.checkAgain": "Check again",
  "model.failed": "The model could not be loaded.",
  "model.unreachable": "Fathom is not reachable.",
  "model.unreachableHelp": "Your chats are safe on its disk. Start it again with {command}; the page reconnects by itself.",
  "model.loading": "The model is loading",
  "model.loadingHelp": "You can write already: your message is sent as soon as it is ready.",
  "model.loadingProgress": "Loading the model",
});
