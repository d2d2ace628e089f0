/** How high messages are, and which are near the reader. What is above and changes its height does not move what is read. */

import type { Message } from "../api/assistant/types";
import { textOf } from "../state/message";

const NEAR = "1500px 0px"; // from the visible part, in which messages are drawn
const LINE = 26; // pixels
const FRAME = 70; // a message's margins and actions

interface Watched {
  readonly id: string;
  onNear(): void;
}

export class Sizes {
  private readonly heights = new Map<string, number>();
  private readonly watched = new Map<Element, Watched>();
  private intersections: IntersectionObserver | null = null;
  private resizes: ResizeObserver | null = null;

  /** Begins to look, inside of the element that scrolls. Returns how to stop. */
  attach(scroller: HTMLElement, onResize: () => void): () => void {
    this.intersections = new IntersectionObserver(
      (entries) => {
        for (const { target, isIntersecting } of entries) if (isIntersecting) this.watched.get(target)?.onNear();
      },
      { root: scroller, rootMargin: NEAR },
    );
    this.resizes = new ResizeObserver((entries) => {
      this.keepPlace(scroller, entries);
      onResize();
    });
    for (const element of this.watched.keys()) this.observe(element);
    return () => {
      this.intersections?.disconnect();
      this.resizes?.disconnect();
      this.intersections = this.resizes = null;
    };
  }

  watch(element: Element, id: string, onNear: () => void): void {
    this.watched.set(element, { id, onNear });
    this.observe(element);
  }

  unwatch(element: Element): void {
    this.watched.delete(element);
    this.intersections?.unobserve(element);
    this.resizes?.unobserve(element);
  }

  /** As it was when it was drawn last, else an estimate from its text. */
  heightOf(message: Message): number {
    return this.heights.get(message.id) ?? estimate(message);
  }

  private observe(element: Element): void {
    this.intersections?.observe(element);
    this.resizes?.observe(element);
  }

  private keepPlace(scroller: HTMLElement, entries: readonly ResizeObserverEntry[]): void {
    const top = scroller.getBoundingClientRect().top;
    let moved = 0;
    for (const { target, borderBoxSize } of entries) {
      const id = this.watched.get(target)?.id;
      const height = borderBoxSize[0]?.blockSize ?? target.getBoundingClientRect().height;
      if (id === undefined) continue;
      const before = this.heights.get(id);
      this.heights.set(id, height);
      if (before !== undefined && before !== height && target.getBoundingClientRect().bottom <= top + Math.max(0, height - before)) moved += height - before;
    }
    if (moved !== 0) scroller.scrollTop += moved;
  }
}

function estimate(message: Message): number {
  const width = Math.max(20, Math.min(80, Math.floor(globalThis.innerWidth / 10)));
  const lines = textOf(message).split("\n").reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / width)), 0);
  return FRAME + lines * LINE;
}
