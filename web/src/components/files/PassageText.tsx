import type { Span } from "./quotes";

interface Props {
  readonly text: string;
  readonly mark: Span | null;
}

/** A passage as it was read. One that is a table, and has no mark, is drawn as a table. */
export function PassageText({ text, mark }: Props) {
  const rows = mark === null ? tableRows(text) : null;
  if (rows) return <Table rows={rows} />;
  if (mark === null) return <div class="passage">{text}</div>;
  return (
    <div class="passage">
      {text.slice(0, mark.start)}
      <mark>{text.slice(mark.start, mark.end)}</mark>
      {text.slice(mark.end)}
    </div>
  );
}

function Table({ rows }: { readonly rows: readonly (readonly string[])[] }) {
  const [head = [], ...body] = rows;
  return (
    <div class="passage-table" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {head.map((cell, index) => (
              <th key={index} scope="col">
                {cell}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {body.map((row, index) => (
            <tr key={index}>
              {row.map((cell, column) => (
                <td key={column}>{cell}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The rows of a text that is one Markdown table, but for the line that names its sheet; null for other texts. */
export function tableRows(text: string): string[][] | null {
  const lines = text.trim().split("\n");
  if (/^Sheet .*$/.test(lines[0] ?? "") && lines[1] === "") lines.splice(0, 2);
  if (lines.length < 2 || !lines.every((line) => line.startsWith("|")) || !/^\|( --- \|)+$/.test(lines[1] ?? "")) return null;
  return lines.filter((_, index) => index !== 1).map((line) => line.slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|")));
}
