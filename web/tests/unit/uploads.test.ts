import { describe, expect, it } from "vitest";
import type { Sending, StoredFile } from "../../src/api/assistant/files";
import { ApiError } from "../../src/api/errors";
import { Client } from "../../src/api/assistant/client";
import { Access } from "../../src/state/access";
import { Drafts } from "../../src/state/drafts";
import { MemoryStorage } from "../../src/state/memory";
import { Uploads } from "../../src/state/uploads";
import { until } from "./world";

const stored = (fields: Partial<StoredFile> = {}): StoredFile => ({
  id: "f1",
  name: "a.txt",
  media_type: "text/plain",
  bytes: 3,
  state: "reading",
  tokens: null,
  error: null,
  data: {},
  created: 1,
  ...fields,
});

class Server {
  readonly storage = new MemoryStorage();
  readonly drafts = new Drafts(this.storage);
  readonly sent: string[] = [];
  answer: (path: string) => Response = () => Response.json(stored({ state: "ready", tokens: 5 }));
  receive: (name: string, sending: Sending) => Promise<StoredFile> = async (name) => stored({ name });
  readonly uploads: Uploads;

  constructor() {
    const client = new Client(async (path) => this.answer(path), new Access(this.storage));
    const send = async (_: Blob, name: string, sending: Sending) => {
      this.sent.push(name);
      return this.receive(name, sending);
    };
    this.uploads = new Uploads({ client, drafts: this.drafts, send });
  }
}

const file = (name: string) => new File(["abc"], name);

describe("uploads", () => {
  it("go into the draft of their chat, one after another", async () => {
    const { drafts, uploads, sent } = new Server();
    await uploads.add("c", [file("a.txt"), file("b.txt")]);
    expect(sent).toEqual(["a.txt", "b.txt"]);
    expect(drafts.of("c").value.files.map(({ name }) => name)).toEqual(["a.txt", "b.txt"]);
    expect(drafts.of(null).value.files).toEqual([]);
    expect(uploads.current.value).toEqual([]);
  });

  it("show how far they are, and that the draft is not whole", async () => {
    const server = new Server();
    let release: (file: StoredFile) => void = () => undefined;
    server.receive = (_, { onProgress }) => {
      onProgress(2);
      return new Promise((resolve) => (release = resolve));
    };
    const adding = server.uploads.add(null, [file("a.txt")]);
    await until(() => server.uploads.of(null)[0]?.sent === 2);
    expect([server.uploads.isSending(null), server.uploads.isSending("c")]).toEqual([true, false]);
    release(stored());
    await adding;
    expect(server.uploads.isSending(null)).toBe(false);
  });

  it("that are refused say why, and hold nothing up", async () => {
    const server = new Server();
    server.receive = async (name) => {
      if (name === "big") throw new ApiError("the file is larger than 100 MB", 413);
      return stored({ name });
    };
    await server.uploads.add(null, [file("big"), file("small")]);
    expect(server.uploads.of(null).map(({ name, problem }) => [name, problem])).toEqual([["big", "the file is larger than 100 MB"]]);
    expect(server.drafts.of(null).value.files.map(({ name }) => name)).toEqual(["small"]);
    expect(server.uploads.isSending(null)).toBe(false);
    server.uploads.cancel(server.uploads.of(null)[0]?.key ?? 0);
    expect(server.uploads.of(null)).toEqual([]);
  });

  it("that are cancelled leave nothing", async () => {
    const server = new Server();
    server.receive = (_, { signal }) => new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    const adding = server.uploads.add(null, [file("a.txt"), file("b.txt")]);
    await until(() => server.sent.length === 1);
    for (const { key } of server.uploads.of(null)) server.uploads.cancel(key);
    await adding;
    expect(server.sent).toEqual(["a.txt"]);
    expect([server.uploads.current.value, server.drafts.of(null).value.files]).toEqual([[], []]);
  });

  it("give a pasted picture a name", async () => {
    const { uploads, sent } = new Server();
    await uploads.add(null, [file("")]);
    expect(sent).toEqual(["pasted.png"]);
  });
});

describe("what is known of a file", () => {
  it("is asked for until it is read", async () => {
    const server = new Server();
    const answers = [stored(), stored({ state: "failed", error: { message: "the PDF is damaged" } })];
    server.answer = () => Response.json(answers.shift());
    const details = server.uploads.details("f1");
    await until(() => details.value !== null && details.value !== "gone" && details.value.state === "failed");
    expect(details.value).toMatchObject({ error: { message: "the PDF is damaged" } });
    expect(server.uploads.details("f1")).toBe(details);
  });

  it("may be that it is gone", async () => {
    const server = new Server();
    server.answer = () => Response.json({ error: { message: "there is no file" } }, { status: 404 });
    const details = server.uploads.details("f1");
    expect(details.value).toBeNull();
    await until(() => details.value === "gone");
  });
});
