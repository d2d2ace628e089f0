import type { Tokens } from "marked";
import { CopyButton } from "../components/CopyButton";
import { t } from "../i18n";
import { inline } from "./Inline";
import { tableCsv } from "./tableText";

/** A table that scrolls in itself, with what copies it. `open`: it may still grow. */
export function TableView({ token, open }: { readonly token: Tokens.Table; readonly open: boolean }) {
  const { header, rows, align } = token;
  const style = (column: number) => (align[column] ? { class: `align-${align[column]}` } : {});
  const columns = Math.max(header.length, ...rows.map((row) => row.length)); // a row may have more cells than the header
  return (
    <div class="table-block">
      <div class="table" tabIndex={0} role="group" aria-label={t("text.table")}>
        <table>
          <thead>
            <tr>
              {header.map((cell, column) => (
                <th scope="col" {...style(column)}>
                  {inline(cell.tokens)}
                </th>
              ))}
              {Array.from({ length: columns - header.length }, (_, index) => (
                <td key={`more-${index}`} />
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr>
                {row.map((cell, column) => (
                  <td {...style(column)}>{inline(cell.tokens)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {!open && (
        <div class="table-actions">
          <CopyButton text={() => tableCsv(token)} label={t("text.copyCsv")} caption="CSV" />
          <CopyButton text={token.raw.trim()} label={t("text.copyMarkdown")} caption="Markdown" />
        </div>
      )}
    </div>
  );
}
