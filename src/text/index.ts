// The public face of text: tokenizers, chat templates, training a tokenizer. Re-exports only.

export { type ChatMessage, type ChatTemplate, loadChatTemplate } from "./chat-template.ts";
export { checkTokenizerFits, loadTokenizer, type Tokenizer } from "./tokenizer.ts";
export { type TrainedTokenizer, type TrainTokenizerOptions, trainTokenizer } from "./train-tokenizer.ts";
