/** Failures as the page shows them: what happened, and what the reader can do. */

import { t } from "../i18n";

export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    message: string,
    readonly status: number,
    readonly remedy: string | null = null,
  ) {
    super(message);
  }
}

/** The server could not be reached, or the connection broke before the answer was complete. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
}

const remedies = { 413: "errors.tooLarge", 429: "errors.busy", 503: "errors.starting" } as const;

/** The error of a body such as {"error": {"message": …}} or {"detail": …}; anything else becomes the status line. */
export function errorFromBody(status: number, body: unknown): ApiError {
  const key = remedies[status as keyof typeof remedies];
  const remedy = key ? t(key) : null;
  if (isRecord(body)) {
    const { error, detail, message } = body;
    if (isRecord(error) && typeof error["message"] === "string") {
      return new ApiError(error["message"], status, typeof error["remedy"] === "string" ? error["remedy"] : remedy);
    }
    for (const text of [error, detail, message]) {
      if (typeof text === "string" && text) return new ApiError(text, status, remedy);
    }
  }
  return new ApiError(t("errors.status", { status: String(status) }), status, remedy);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
