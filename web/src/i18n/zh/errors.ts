import type { Complete } from "../catalog";
import type english from "../en/errors";

export default {
  "errors.broke": "回答完成前连接中断了",
  "errors.unreachable": "无法连接服务器",
  "errors.status": "服务器返回状态 {status}",
  "errors.tooLarge": "请缩短消息，或开始新的对话。",
  "errors.busy": "服务器繁忙。请稍等片刻再重试。",
  "errors.starting": "服务器繁忙或仍在启动。请稍等片刻再重试。",
  "errors.keyWrong": "服务器不接受这个 API 密钥",
  "errors.keyMissing": "服务器要求 API 密钥",
  "errors.keyHelp": "请重试，并输入属于这台服务器的密钥。",
} satisfies Complete<typeof english>;
