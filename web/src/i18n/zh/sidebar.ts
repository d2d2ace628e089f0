import type { Complete } from "../catalog";
import type english from "../en/sidebar";

export default {
  "sidebar.name": "对话列表",
  "sidebar.search": "搜索对话",
  "sidebar.none": "你的对话保存在这个浏览器里。",
  "sidebar.noMatch": "没有这个标题的对话。",
  "sidebar.today": "今天",
  "sidebar.yesterday": "昨天",
  "sidebar.week": "前 7 天",
  "sidebar.month": "前 30 天",
  "sidebar.older": "更早",
  "sidebar.answering": "正在回答",
  "sidebar.rename": "重命名",
  "sidebar.renameTitle": "重命名“{title}”",
  "sidebar.delete": "删除",
  "sidebar.deleteTitle": "删除“{title}”",
  "sidebar.title": "对话标题",
  "sidebar.settings": "设置",
  "sidebar.theme": "主题",
  "sidebar.light": "浅色",
  "sidebar.system": "跟随系统",
  "sidebar.dark": "深色",
} satisfies Complete<typeof english>;
