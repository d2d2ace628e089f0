import type { Complete } from "../catalog";
import type english from "../en/text";

export default {
  "text.code": "{language} 代码",
  "text.plain": "文本",
  "text.copyCode": "复制代码",
  "text.copyCsv": "复制表格为 CSV",
  "text.copyMarkdown": "复制表格为 Markdown",
  "text.wrap": "长行换行",
  "text.saveCode": "下载代码",
  "text.showLines": "显示全部 {count} 行",
  "text.preview": "预览",
  "text.previewTitle": "预览（无网络）",
  "text.diagram": "图表",
  "text.diagramTitle": "图表",
  "text.diagramFailed": "这个图表无法绘制，因此显示源码。",
  "text.diagramSlow": "绘制时间过长。",
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
