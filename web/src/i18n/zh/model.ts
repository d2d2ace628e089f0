import type { Complete } from "../catalog";
import type english from "../en/model";

export default {
  "model.name": "模型",
  "model.choose": "选择模型，当前为 {model}",
  "model.all": "所有模型",
  "model.ready": "就绪",
  "model.failedState": "无法加载",
  "model.unreachableState": "无法连接",
  "model.connecting": "连接中…",
  "model.loadingState": "加载中",
  "model.loadingOpen": "{stage}…",
  "model.loadingShare": "{stage} {percent}",
  "model.announcement": "{model}：{state}",
  "model.loadingAnnouncement": "模型正在加载。",

  "model.checkAgain": "再次检查",
  "model.failed": "模型无法加载。",
  "model.unreachable": "无法连接 Fathom。",
  "model.unreachableHelp": "你的对话安全地保存在它的磁盘上。用 {command} 重新启动，页面会自动重连。",
  "model.loading": "模型正在加载",
  "model.loadingHelp": "现在就可以写：就绪后消息会立即发送。",
  "model.loadingProgress": "正在加载模型",
} satisfies Complete<typeof english>;
