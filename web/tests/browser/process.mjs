/** A real server as a process of its own, which a test can kill and start again on the same folder and port. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export const PYTHON = process.env.FATHOM_PYTHON ?? "python3";
export const SERVE = ["-c", "from fathom.cli.main import main; main()", "serve", "--host", "127.0.0.1"];
const PATIENCE_MS = 120_000;

/** Starts `fathom serve`, or `python ...command`, with data in `folder` or in one of its own, and waits until what is stored can be read. */
export async function startProcess({ command = SERVE, environment = {}, folder = null } = {}) {
  const own = mkdtempSync(join(tmpdir(), "fathom-process-"));
  const port = await freePort();
  const log = join(own, "server.log");
  const server = { url: `http://127.0.0.1:${port}/`, folder: folder ?? join(own, "data"), start, kill, close, api };
  let child = null;
  process.on("exit", () => child?.kill("SIGKILL"));

  async function start() {
    const output = openSync(log, "a");
    const env = { ...process.env, ...environment, FATHOM_DATA_DIR: server.folder };
    child = spawn(PYTHON, [...command, "--port", String(port)], { env, stdio: ["ignore", output, output] });
    for (const until = Date.now() + PATIENCE_MS; ; ) {
      const status = await api("GET", "status").catch(() => null);
      if (status?.storage.state === "ready") return;
      if (child.exitCode !== null || Date.now() > until) throw new Error(`the server did not start: ${readFileSync(log, "utf8").slice(-4000)}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Ends it without notice, or with a request to end. */
  async function kill(signal = "SIGKILL") {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  async function close() {
    await kill();
    rmSync(own, { recursive: true, force: true });
  }

  /** The JSON that a request of a script is answered with. */
  async function api(method, path, json) {
    const body = json === undefined ? {} : { body: JSON.stringify(json), headers: { "content-type": "application/json" } };
    const response = await fetch(`${server.url}api/${path}`, { method, ...body });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  }

  await start();
  return server;
}

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  probe.close();
  await once(probe, "close");
  return port;
}
