import type { Complete } from "../catalog";
import type english from "../en/text";

export default {
  "text.code": "{language} 代码",
  "text.plain": "文本",
  "text.copyCode": "复制代码",
  "text.done": "已完成",
  "text.toDo": "待办",
  "text.image": "图片：{label}",
  "text.imageLabel": "图片",
  "text.imageBlocked": "[图片：{label}]",
  "text.table": "表格",
  "text.details": "详情",
  "text.footnotes": "脚注",
  "text.footnote": "脚注 {number}",
  "text.footnoteBack": "回到引用 {number}",
} satisfies Complete<typeof english>;
