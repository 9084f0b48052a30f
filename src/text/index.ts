export { type ChatMessage, type ChatTemplate, loadChatTemplate } from "./chat-template.ts";
export { checkTokenizerFits, loadTokenizer, type Tokenizer } from "./tokenizer.ts";
export { type TrainedTokenizer, type TrainTokenizerOptions, trainTokenizer } from "./train-tokenizer.ts";
