import { expect, it } from "vitest";
import { Chats } from "../../src/state/chats";
import { World } from "./world";

function seeded(count: number) {
  const world = new World();
  for (let index = 0; index < count; index += 1) world.assistant["seed"]({ title: `chat ${index}`, updated: 1000 + index });
  return { world, chats: new Chats(world.client) };
}

const titles = (chats: Chats) => chats.rows.value.map(({ title }) => title);

it("has the latest first, in pages", async () => {
  const { chats } = seeded(250);
  await chats.refresh();
  expect([titles(chats).length, titles(chats)[0], chats.more.value]).toEqual([100, "chat 249", true]);
  await chats.loadMore();
  await chats.loadMore();
  expect([titles(chats).length, titles(chats).at(-1), chats.more.value]).toEqual([250, "chat 0", false]);
  await chats.refresh();
  expect(titles(chats).length).toBe(250);
});

it("moves a chat that was written to to the top, and drops one that is gone", async () => {
  const { chats, world } = seeded(3);
  await chats.refresh();
  const row = chats.rows.value[2];
  if (!row) throw new Error("no row");
  chats.put({ ...row, updated: 5000 });
  expect(titles(chats)).toEqual(["chat 0", "chat 2", "chat 1"]);
  world.assistant["rows"].get(row.id).deleted = 1;
  await chats.refresh();
  expect(titles(chats)).toEqual(["chat 2", "chat 1"]);
});

it("keeps what came live while an older list was on its way", async () => {
  const { chats } = seeded(2);
  await chats.refresh();
  const [first, second] = chats.rows.value;
  if (!first || !second) throw new Error("no rows");
  const refreshed = chats.refresh();
  chats.put({ ...first, title: "renamed" });
  chats.remove(second.id);
  await refreshed;
  expect(titles(chats)).toEqual(["renamed"]);
});

it("shows what is pinned first, however old", async () => {
  const { chats, world } = seeded(150);
  const [oldest] = world.assistant["rows"].values();
  oldest.pinned = true;
  await chats.refresh();
  expect(chats.pinned.value.map(({ title }) => title)).toEqual(["chat 0"]);
  chats.change(oldest.id, { pinned: false });
  expect(chats.pinned.value).toEqual([]);
});

it("keeps what the list does not hold when the list comes anew: an old chat that is open, a temporary one", async () => {
  const { chats, world } = seeded(150);
  const [old, gone] = world.assistant["rows"].values();
  const hidden = world.assistant["seed"]({ title: "hidden", temporary: true });
  await chats.refresh();
  for (const row of [old, gone, hidden]) await chats.ensure(row.id);
  old.title = "renamed elsewhere";
  world.assistant["rows"].delete(gone.id);
  await chats.refresh();
  for (const row of [old, gone, hidden]) await chats.reload(row.id);
  expect([chats.get(old.id)?.title, chats.get(gone.id), chats.get(hidden.id)?.title]).toEqual(["renamed elsewhere", undefined, "hidden"]);
  expect(titles(chats)).not.toContain("hidden");
  expect(chats.others.value).not.toContain(hidden);
});

it("lets those go from a project that have gone from it meanwhile", async () => {
  const { chats, world } = seeded(150);
  const [one, two] = world.assistant["rows"].values();
  one.project = two.project = "p";
  await chats.refresh();
  await chats.loadProject("p");
  expect(chats.inProject("p").map(({ title }) => title)).toEqual(["chat 1", "chat 0"]);
  world.assistant["rows"].delete(one.id);
  await chats.refresh();
  expect(chats.inProject("p")).toHaveLength(2);
  await chats.loadProject("p");
  expect(chats.inProject("p").map(({ title }) => title)).toEqual(["chat 1"]);
});
