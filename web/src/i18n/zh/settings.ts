import type { Complete } from "../catalog";
import type english from "../en/settings";

export default {
  "settings.title": "设置",
  "settings.close": "关闭设置",
  "settings.general": "常规",
  "settings.systemPrompt": "自定义指令",
  "settings.systemPromptHint": "Fathom 在每个对话中应如何回答",
  "settings.temperature": "温度",
  "settings.modelsOwn": "模型默认",
  "settings.temperatureHelp": "0 最精确，2 最随机。",
  "settings.length": "回答的最大长度",
  "settings.noLimit": "不限",
  "settings.lengthHelp": "以 token 计，包括思考。",
  "settings.key": "API 密钥",
  "settings.none": "无",
  "settings.keyHelp": "仅用于要求密钥的服务器。",
  "settings.keyPattern": "ASCII 字母、数字和标点",
  "settings.removeKey": "移除密钥",
  "settings.chats": "对话",
  "settings.import": "导入文件",
  "settings.language": "语言",
  "settings.languageSystem": "跟随浏览器（{language}）",
  "settings.languagePartial": "部分内容仍为英文。",
  "settings.kept": "对话保存在服务器上，这里的设置保存在此浏览器中。",

  "settings.askTitle": "这台服务器要求 API 密钥",
  "settings.askWrong": "服务器不接受这个密钥。请检查后重试。",
  "settings.askMissing": "请输入服务器管理员给你的密钥。密钥被接受后，消息会立即发送。",
  "settings.askKept": "只保存在这个浏览器里，可以在设置中移除。",
  "settings.search": "搜索",
  "settings.tools": "工具",
} satisfies Complete<typeof english>;
