import { useLayoutEffect, useRef } from "preact/hooks";

interface Props {
  readonly text: string;
  readonly label: string;
  onScrollUp(): void;
}

const NEAR = 24; // pixels from the end that still count as the end
const LONGEST = 4000; // characters of a paragraph before it is cut, so that adding to it stays cheap

/**
 * Text that only grows, in a box with its own scroll which shows the end until the reader scrolls up. What is there is
 * never drawn again: new text is added to the last paragraph, and a paragraph that is done costs nothing.
 */
export function GrowingText({ text, label, onScrollUp }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const shown = useRef("");
  const follows = useRef(true);
  const top = useRef(0);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    if (!text.startsWith(shown.current)) {
      element.replaceChildren();
      shown.current = "";
    }
    append(element, text.slice(shown.current.length));
    shown.current = text;
    if (!follows.current) return;
    element.scrollTop = element.scrollHeight;
    top.current = element.scrollTop;
  }, [text]);
  const onScroll = () => {
    const element = box.current;
    if (!element) return;
    const left = element.scrollHeight - element.scrollTop - element.clientHeight;
    if (element.scrollTop < top.current && left > 2) {
      follows.current = false;
      onScrollUp();
    } else if (left < NEAR) follows.current = true;
    top.current = element.scrollTop;
  };
  return <div class="growing" ref={box} tabIndex={0} role="group" aria-label={label} onScroll={onScroll} />;
}

function append(box: HTMLElement, text: string): void {
  for (const [index, line] of text.split("\n").entries()) {
    let last = box.lastElementChild;
    if (index > 0 || !last || (last.textContent?.length ?? 0) > LONGEST) {
      last = document.createElement("p");
      box.append(last);
    }
    if (line) last.append(line);
    if (last.childNodes.length > 50) last.normalize();
  }
}
