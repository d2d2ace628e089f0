import { Mark } from "./Icon";

const examples: readonly { readonly title: string; readonly prompt: string }[] = [
  { title: "Explain", prompt: "Explain how tides work, first in one sentence, then in three short paragraphs." },
  { title: "Solve", prompt: "A train leaves at 9:40 and arrives at 13:05. How long is the journey? Show the steps." },
  { title: "Code", prompt: "Write a Python function that finds the longest palindrome in a string, with a short example." },
  { title: "Write", prompt: "Write a friendly message that moves a dinner with friends from Friday to Saturday." },
];

export function EmptyState({ send }: { send(text: string): void }) {
  return (
    <div class="empty">
      <Mark size={56} />
      <h1>What shall we get to the bottom of?</h1>
      <p>Fathom runs on your own machine. What you write stays here.</p>
      <ul class="examples">
        {examples.map(({ title, prompt }) => (
          <li key={title}>
            <button type="button" onClick={() => send(prompt)}>
              <strong>{title}</strong>
              <span>{prompt}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
