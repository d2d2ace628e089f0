import { defineArea } from "../catalog";

export default defineArea({
  "sidebar.name": "Conversations",
  "sidebar.search": "Search chats",
  "sidebar.none": "Your chats stay in this browser.",
  "sidebar.noMatch": "No chat with that title.",
  "sidebar.today": "Today",
  "sidebar.yesterday": "Yesterday",
  "sidebar.week": "Previous 7 days",
  "sidebar.month": "Previous 30 days",
  "sidebar.older": "Older",
  "sidebar.answering": "answering",
  "sidebar.rename": "Rename",
  "sidebar.renameTitle": "Rename {title}",
  "sidebar.delete": "Delete",
  "sidebar.deleteTitle": "Delete {title}",
  "sidebar.title": "Title of the chat",
  "sidebar.settings": "Settings",
  "sidebar.theme": "Theme",
  "sidebar.light": "Light",
  "sidebar.system": "As the system",
  "sidebar.dark": "Dark",
});
