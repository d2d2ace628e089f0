import { expect, it } from "vitest";
import { Chats } from "../../src/state/chats";
import { Selection } from "../../src/state/selection";
import { World } from "./world";

async function listed(count: number) {
  const world = new World();
  for (let index = 0; index < count; index += 1) world.assistant["seed"]({ title: `chat ${index}`, updated: 1000 - index });
  const chats = new Chats(world.client);
  await chats.refresh();
  const order = chats.rows.value.map(({ id }) => id);
  const selection = new Selection(chats);
  const numbers = () => selection.ids.value.map((id) => order.indexOf(id)).toSorted();
  return { chats, order, selection, numbers, id: (at: number) => order[at] ?? "" };
}

it("chooses chats one by one, and with Shift all from the last one on, in both directions", async () => {
  const { order, selection, numbers, id } = await listed(8);
  expect(selection.active.value).toBe(false);
  selection.start();
  selection.toggle(id(4));
  selection.toggle(id(6), order);
  expect(numbers()).toEqual([4, 5, 6]);
  selection.toggle(id(2), order);
  expect(numbers()).toEqual([2, 3, 4, 5, 6]);
  selection.toggle(id(4), order); // no longer: the same goes for those between
  expect(numbers()).toEqual([5, 6]);
  selection.end();
  expect([selection.active.value, selection.ids.value]).toEqual([false, []]);
});

it("does not hold what was deleted elsewhere meanwhile", async () => {
  const { chats, order, selection, numbers, id } = await listed(3);
  selection.start();
  selection.choose(order);
  chats.remove(id(1));
  expect(numbers()).toEqual([0, 2]);
});
