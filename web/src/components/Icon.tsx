/** Line icons on a 20 × 20 grid. They say nothing to screen readers: the button that holds one has the name. */

const paths = {
  plus: "M10 4v12M4 10h12",
  menu: "M3.5 6h13M3.5 10h13M3.5 14h13",
  panel: "M3.5 4.5h13v11h-13zM8 4.5v11",
  send: "M10 16V4.5M5 9.2l5-5 5 5",
  copy: "M7.5 7.5h8v8h-8zM12.5 7.5v-3h-8v8h3",
  check: "M4.5 10.5l3.8 3.8 7.4-8",
  retry: "M15.5 6.5A6.5 6.5 0 1 0 16.5 11M15.8 3.2v3.6h-3.6",
  edit: "M4 16l.8-3.4L13 4.4l2.6 2.6-8.2 8.2L4 16z",
  trash: "M4.5 6h11M8 6V4.2h4V6M6 6l.7 10h6.6L14 6",
  gear: "M10 7.4a2.6 2.6 0 1 1 0 5.2 2.6 2.6 0 0 1 0-5.2zM10 2.8v2M10 15.2v2M2.8 10h2M15.2 10h2M4.9 4.9l1.4 1.4M13.7 13.7l1.4 1.4M4.9 15.1l1.4-1.4M13.7 6.3l1.4-1.4",
  sun: "M10 6.8a3.2 3.2 0 1 1 0 6.4 3.2 3.2 0 0 1 0-6.4zM10 2.5v1.6M10 15.9v1.6M2.5 10h1.6M15.9 10h1.6M4.7 4.7l1.1 1.1M14.2 14.2l1.1 1.1M4.7 15.3l1.1-1.1M14.2 5.8l1.1-1.1",
  moon: "M15.8 12.2A6.6 6.6 0 0 1 7.8 4.2a6.6 6.6 0 1 0 8 8z",
  system: "M3.5 4.5h13v9h-13zM7.5 16.5h5M10 13.5v3",
  chevron: "M7.5 5l5 5-5 5",
  down: "M10 4v11.5M5 10.8l5 5 5-5",
  save: "M10 3.5v9M6 8.8l4 4 4-4M4 16.5h12",
  close: "M5 5l10 10M15 5L5 15",
  more: "M5 10h.01M10 10h.01M15 10h.01",
  wrap: "M3.5 5h13M3.5 10h10a3 3 0 0 1 0 6h-3M12 13.5L9.5 16l2.5 2.5M3.5 15h3",
  speak: "M4 8v4h2.6L10.5 15V5L6.6 8H4zM13 7.5a3.6 3.6 0 0 1 0 5M15 5.5a6.4 6.4 0 0 1 0 9",
  mute: "M5.5 5.5h9v9h-9z",
  microphone: "M10 3a2.2 2.2 0 0 1 2.2 2.2v4.3a2.2 2.2 0 0 1-4.4 0V5.2A2.2 2.2 0 0 1 10 3zM5.2 9.5a4.8 4.8 0 0 0 9.6 0M10 14.3V17",
  keyboard: "M3 5.5h14v9H3zM5.5 8.2h.01M8.5 8.2h.01M11.5 8.2h.01M14.5 8.2h.01M7 11.8h6",
  think: "M10 2.8a5.2 5.2 0 0 0-3 9.4c.6.5 1 1.2 1 2v.3h4v-.3c0-.8.4-1.5 1-2a5.2 5.2 0 0 0-3-9.4zM8.2 17h3.6",
  compare: "M3.5 4.5h5.5v11H3.5zM11 4.5h5.5v11H11z",
  tree: "M5 3.5v11.5h6M5 8h6M11 6h4.5v4H11zM11 13h4.5v4H11z",
  pin: "M7 3.5h6l-.8 5 2.3 2.5H5.5l2.3-2.5zM10 11v5.5",
  download: "M10 3.5v8.5M6.5 8.8L10 12.2l3.5-3.4M4 15.5h12",
  file: "M5.5 3h6l3 3v11h-9zM11.5 3v3h3",
  attach: "M14.5 8.5l-5.6 5.6a2.3 2.3 0 0 1-3.3-3.3l6-6a3.4 3.4 0 0 1 4.8 4.8l-6.2 6.2",
  folder: "M3.5 5.5h4.5l1.5 2h7v8h-13z",
  search: "M9 3.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11zM13 13l4 4",
  clock: "M10 3.5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13zM10 6.3V10l2.6 1.8",
  select: "M3 5.6l1.3 1.3L6.8 4.4M3 13.6l1.3 1.3 2.5-2.5M10 5.7h6.5M10 13.7h6.5",
  forward: "M4 5l6 5-6 5zM10.5 5l6 5-6 5z",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 20 }: { readonly name: IconName; readonly size?: number }) {
  const width = name === "more" ? 2.4 : 1.5;
  return (
    <svg class="icon" viewBox="0 0 20 20" width={size} height={size} aria-hidden="true">
      <path d={paths[name]} stroke-width={width} />
    </svg>
  );
}

/** Fathom's mark: waves that grow shorter with the depth, and the lead that sounds it. */
export function Mark({ size = 28 }: { readonly size?: number }) {
  return (
    <svg class="mark" viewBox="0 0 32 32" width={size} height={size} aria-hidden="true">
      <rect width="32" height="32" rx="9" />
      <path d="M6.5 9.8c2.4-2.1 4.75-2.1 7.1 0s4.75 2.1 7.1 0 3.3-1.9 4.8-1" />
      <path d="M9.6 15.8c2.1-1.8 4.2-1.8 6.4 0s4.3 1.8 6.4 0" opacity=".8" />
      <path d="M12.7 21.2c1.1-.95 2.2-.95 3.3 0s2.2.95 3.3 0" opacity=".6" />
      <circle cx="16" cy="25.8" r="1.5" />
    </svg>
  );
}
