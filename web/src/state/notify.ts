/** A notification of the system that an answer is there; a click on it leads to the chat. Nothing where it was not accepted. */
export async function notify(title: string, body: string, chat: string): Promise<void> {
  if (!("Notification" in window) || Notification.permission !== "granted") return;
  const hash = `#/c/${encodeURIComponent(chat)}`;
  const options = { body, tag: chat, icon: "icons/192.png", data: hash };
  const registration = await navigator.serviceWorker?.getRegistration();
  if (registration) return registration.showNotification(title, options); // phones allow no other way
  new Notification(title, options).addEventListener("click", () => {
    window.focus();
    window.location.hash = hash;
  });
}
