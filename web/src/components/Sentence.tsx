/** A message of the server as a sentence: a capital first, a full stop last, and `commands` as code. */
export function Sentence({ text }: { readonly text: string }) {
  return (
    <>
      {toSentence(text)
        .split(/`([^`]+)`/)
        .map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part))}
    </>
  );
}

export function toSentence(text: string): string {
  const upper = text.charAt(0).toUpperCase() + text.slice(1);
  return !upper || /[.!?]$/.test(upper) ? upper : `${upper}.`;
}
