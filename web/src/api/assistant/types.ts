/** What the assistant's API sends and takes, under the names it has there (see /docs on the server). Times: ms since 1970. */

export type Role = "user" | "assistant";

export type MessageState = "waiting" | "streaming" | "interrupted" | "done" | "stopped" | "failed";

export type ThinkingMode = "off" | "low" | "high" | "budget";

/** What a message is answered with. What is missing comes from the chat's settings, the preferences, the model. */
export interface RunOptions {
  readonly model?: string;
  readonly thinking?: ThinkingMode;
  readonly thinking_budget?: number;
  readonly temperature?: number;
  readonly top_p?: number;
  readonly max_tokens?: number;
  readonly seed?: number;
  readonly tools?: readonly string[];
  readonly search?: boolean;
  readonly together?: number;
}

export interface Conversation {
  readonly id: string;
  readonly title: string;
  readonly title_source: "question" | "model" | "user" | "import";
  readonly project: string | null;
  readonly pinned: boolean;
  readonly temporary: boolean;
  readonly settings: RunOptions;
  readonly head: string | null; // the message that is shown last
  readonly created: number;
  readonly updated: number;
  readonly deleted: number | null;
  readonly running: boolean;
}

export interface Failure {
  readonly message: string;
  readonly remedy?: string | null;
}

export interface Usage {
  readonly prompt_tokens?: number;
  readonly completion_tokens?: number;
  readonly completion_tokens_details?: { readonly reasoning_tokens?: number } | null;
  readonly tokens_per_second?: number | null;
  readonly cost?: number | null; // US dollars
  readonly elapsed_ms?: number; // while it is written: how long it has been, by the server's clock
}

export interface TextPart {
  readonly type: "text";
  readonly text: string;
}

export interface FilePart {
  readonly type: "file";
  readonly file: string;
  readonly name: string;
  readonly media_type: string;
  readonly bytes: number;
  readonly tokens: number | null;
  readonly state: "reading" | "ready" | "failed";
}

export interface ThinkingPart {
  readonly type: "thinking";
  readonly text: string;
  readonly ms: number | null; // null: it still thinks, or was stopped while it did
  readonly edited?: boolean;
}

export interface AnswerPart {
  readonly type: "answer";
  readonly text: string;
}

export interface ToolResult {
  readonly text: string;
  readonly files?: readonly { readonly id: string; readonly name: string; readonly media_type: string }[];
  readonly error?: string | null;
}

export interface ToolCallPart {
  readonly type: "tool_call";
  readonly id: string;
  readonly name: string;
  readonly arguments: string; // JSON
  readonly state: "consent" | "running" | "done" | "failed" | "refused";
  readonly result: ToolResult | null;
  readonly ms: number | null;
}

export interface CitationPart {
  readonly type: "citation";
  readonly number: number;
  readonly kind: "web" | "file";
  readonly title: string;
  readonly url: string | null;
  readonly source: string; // id of the stored page or file
  readonly place: Readonly<Record<string, unknown>> | null;
  readonly quote: string | null;
  readonly supported: boolean | null;
  readonly passage?: string | null; // the place in the source nearest to what the answer says
  readonly query?: string | null; // what was searched for
  readonly used?: boolean; // known once the answer is complete
}

export interface Candidate {
  readonly index: number;
  readonly thinking: string;
  readonly answer: string;
  readonly extracted: string | null;
  readonly state: string;
}

export interface VotePart {
  readonly type: "vote";
  readonly candidates: readonly Candidate[];
  readonly tally: readonly { readonly answer: string; readonly count: number }[];
  readonly chosen: number | null;
}

export type Part = TextPart | FilePart | ThinkingPart | AnswerPart | ToolCallPart | CitationPart | VotePart;

export interface Message {
  readonly id: string;
  readonly conversation?: string;
  readonly parent: string | null;
  readonly role: Role;
  readonly model: string | null;
  readonly state: MessageState;
  readonly finish_reason: string | null;
  readonly error: Failure | null;
  readonly usage: Usage | null;
  readonly parts: readonly Part[];
  readonly run: string | null;
  readonly created: number;
  readonly updated: number;
  readonly siblings: readonly string[]; // oldest first, this one included
  readonly index: number;
  readonly status?: string | null; // what its run is doing, where it says so
  readonly sequence?: number; // while it is written: the last event of its run that the parts include
}

export interface Run {
  readonly id: string;
  readonly conversation: string;
  readonly message: string;
  readonly state: "queued" | "running" | "consent" | "interrupted" | "done" | "stopped" | "failed";
  readonly model: string | null;
  readonly seed: number | null;
  readonly sequence: number;
  readonly thinking_ms: number | null;
  readonly created: number;
  readonly started: number | null;
  readonly finished: number | null;
}

/** One event of a run's log; a message is the fold of its events. */
export type RunEvent =
  | { readonly type: "started"; readonly sequence: number }
  | { readonly type: "delta"; readonly sequence: number; readonly part: number; readonly kind: "thinking" | "answer"; readonly text: string }
  | { readonly type: "part"; readonly sequence: number; readonly part: number; readonly value: Part }
  | { readonly type: "candidate"; readonly sequence: number; readonly index: number; readonly kind: "thinking" | "answer"; readonly text: string }
  | { readonly type: "status"; readonly sequence: number; readonly text: string }
  | { readonly type: "usage"; readonly sequence: number; readonly usage: Usage; readonly at: number }
  | { readonly type: "interrupted"; readonly sequence: number; readonly message: string; readonly remedy: string }
  | { readonly type: "thinking_ended"; readonly sequence: number; readonly ms: number }
  | {
      readonly type: "finished";
      readonly sequence: number;
      readonly state: MessageState;
      readonly finish_reason: string | null;
      readonly usage: Usage | null;
      readonly error: Failure | null;
    };

export interface Page<Row> {
  readonly data: readonly Row[];
  readonly next: string | null;
}

export interface Sent {
  readonly message: Message;
  readonly answer: Message | null;
  readonly run: Run | null;
}

export interface TreeNode {
  readonly id: string;
  readonly parent: string | null;
  readonly role: Role;
  readonly created: number;
  readonly preview: string;
}

export interface SearchHit {
  readonly conversation: string;
  readonly title: string;
  readonly message: string | null;
  readonly kind: "title" | "question" | "answer" | "thinking";
  readonly snippet: { readonly text: string; readonly marks: readonly (readonly [number, number])[] };
  readonly created: number;
}
