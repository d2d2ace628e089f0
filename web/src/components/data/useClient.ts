import { useMemo } from "preact/hooks";
import { Client } from "../../api/assistant/client";
import { useApp } from "../context";

/** A client of the assistant's API with the reader's key. */
export function useClient(): Client {
  const { access } = useApp();
  return useMemo(() => new Client((input, init) => fetch(input, init), access), [access]);
}
