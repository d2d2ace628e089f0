/** Simplified Chinese, complete: the types refuse an area that lacks a key. */

import chat from "./chat";
import data from "./data";
import errors from "./errors";
import files from "./files";
import keys from "./keys";
import model from "./model";
import models from "./models";
import settings from "./settings";
import sidebar from "./sidebar";
import text from "./text";
import tools from "./tools";

export default { ...chat, ...data, ...errors, ...files, ...keys, ...model, ...models, ...settings, ...sidebar, ...text, ...tools };
