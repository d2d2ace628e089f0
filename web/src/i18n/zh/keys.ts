import type { Complete } from "../catalog";
import type english from "../en/keys";

export default {
  "keys.title": "键盘快捷键",
  "keys.search": "搜索对话",
  "keys.new": "新对话",
  "keys.focus": "输入消息",
  "keys.stop": "停止回答",
  "keys.copy": "复制最后一个回答",
  "keys.sidebar": "显示或隐藏侧边栏",
  "keys.previous": "上一个对话",
  "keys.next": "下一个对话",
  "keys.help": "本页快捷键列表",
  "keys.send": "发送消息",
  "keys.newLine": "消息换行",
  "keys.hint": "没有在输入文字时，按问号也会打开这个列表。",
} satisfies Complete<typeof english>;
