import type { Complete } from "../catalog";
import type english from "../en/files";

export default {
  "files.attach": "添加文件",
  "files.attachTitle": "添加文件（也可拖放或粘贴）",
  "files.drop": "松开以添加",
  "files.open": "查看从 {name} 读取的内容",
  "files.reading": "读取中…",
  "files.gone": "文件已删除。",
  "files.unreadable": "无法读取",
  "files.tokens": { other: "{count} 个 token" },
  "files.noText": "其中未找到文字。",
  "files.sending": "正在上传 {name}",
  "files.stillSending": "还有文件在上传；上传完成后再发送。",
  "files.pasted": "粘贴的图片.png",
  "files.text": "从文件读取的内容",
  "files.download": "下载文件",
  "files.more": "显示更多",
  "files.place.page": "第 {at} 页",
  "files.place.slide": "第 {at} 张幻灯片",
  "files.place.line": "第 {at} 行",
  "files.place.cell": "第 {at} 个单元",
  "files.place.sheet": "工作表 {sheet}，{cells}",
} satisfies Complete<typeof english>;
