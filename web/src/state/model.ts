/** Whether the model can answer, asked again and again while it cannot. */

import { signal, type ReadonlySignal } from "@preact/signals";
import type { Fetch } from "../api/assistant/client";
import { fetchHealth, type Health } from "../api/health";

export type Phase = "connecting" | "unreachable" | Health["status"];

export interface ModelState extends Omit<Health, "status"> {
  readonly phase: Phase;
}

const unknown: ModelState = {
  phase: "connecting",
  model: "",
  progress: null,
  stage: "",
  error: null,
  remedy: null,
  capabilities: { thinking: false, tools: false },
};

const PAUSES_MS: Readonly<Record<Phase, number>> = {
  connecting: 500,
  loading: 500,
  failed: 3000,
  unreachable: 1500,
  ready: 15000,
};

export class ModelMonitor {
  readonly state: ReadonlySignal<ModelState>;
  private readonly value = signal(unknown);
  private timer: ReturnType<typeof setTimeout> | null = null;
  private asking: Promise<void> | null = null;

  constructor(private readonly fetch: Fetch) {
    this.state = this.value;
  }

  start(): void {
    void this.refresh();
  }

  stop(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
  }

  /** Asks now (a question under way is joined), and plans the next one. */
  refresh(): Promise<void> {
    this.asking ??= this.ask().finally(() => {
      this.asking = null;
    });
    return this.asking;
  }

  private async ask(): Promise<void> {
    this.stop();
    try {
      const { status, ...health } = await fetchHealth(this.fetch);
      this.value.value = { phase: status, ...health };
    } catch {
      this.value.value = { ...this.value.value, phase: "unreachable", progress: null };
    }
    this.timer = setTimeout(() => void this.refresh(), PAUSES_MS[this.value.value.phase]);
  }
}
