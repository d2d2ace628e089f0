/** Storage that lasts as long as the page: for browsers that allow no other, and for tests. */

export class MemoryStorage implements Storage {
  [name: string]: unknown;
  private readonly items = new Map<string, string>();

  get length(): number {
    return this.items.size;
  }

  key(index: number): string | null {
    return [...this.items.keys()][index] ?? null;
  }

  getItem(key: string): string | null {
    return this.items.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.items.set(key, value);
  }

  removeItem(key: string): void {
    this.items.delete(key);
  }

  clear(): void {
    this.items.clear();
  }
}

/** The browser's storage, or memory where the reader has switched storage off (touching it throws then). */
export function openStorage(window: Window): Storage {
  try {
    const { localStorage } = window;
    localStorage.getItem("fathom:settings");
    return localStorage;
  } catch {
    return new MemoryStorage();
  }
}
