"""Conversations that templates are rendered with."""

TOOL = {"type": "function", "function": {
    "name": "get_weather", "description": "The weather of a place, \"now\"\nor later.",
    "parameters": {"type": "object", "required": ["city"], "properties": {
        "city": {"type": "string", "description": "City & country"},
        "days": {"type": "integer", "description": "How many days", "default": 1},
        "unit": {"type": "string", "enum": ["C", "F"]},
        "tags": {"type": "array", "items": {"type": "string"}}}}}}

USER = {"role": "user", "content": "What's the weather in Zürich?  "}
SYSTEM = {"role": "system", "content": "You are \"brief\".\nAlways.\n"}
ANSWER = {"role": "assistant", "content": "It is sunny ☀ in <Zürich>."}
CALL = {"role": "assistant", "content": "", "tool_calls": [
    {"id": "abc123def", "type": "function", "function": {"name": "get_weather", "arguments": {"city": "Zürich", "days": 2}}}]}
RESULT = {"role": "tool", "tool_call_id": "abc123def", "name": "get_weather", "content": "{\"temp\": 21.5, \"ok\": true}"}
THOUGHT = {"role": "assistant", "content": "<think>\nHmm, 2+2.\n</think>\n\nFour.", "reasoning_content": "Hmm, 2+2."}
PARTS = {"role": "user", "content": [{"type": "text", "text": "Look:"}, {"type": "text", "text": " here"}]}

TOKENS = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}


def _context(messages, **more):
    return {"messages": messages, "add_generation_prompt": True, **TOKENS, **more}


CONVERSATIONS = {
    "one question": _context([USER]),
    "no prompt": _context([USER, ANSWER], add_generation_prompt=False),
    "system": _context([SYSTEM, USER, ANSWER, {"role": "user", "content": "And tomorrow?"}]),
    "tools": _context([SYSTEM, USER], tools=[TOOL]),
    "no tools": _context([SYSTEM, USER], tools=None),
    "tool call": _context([SYSTEM, USER, CALL, RESULT], tools=[TOOL]),
    "answer after a call": _context([USER, CALL, RESULT, ANSWER, USER], tools=[TOOL]),
    "thinking": _context([USER, THOUGHT, {"role": "user", "content": "Sure?"}], enable_thinking=True),
    "not thinking": _context([USER, THOUGHT, {"role": "user", "content": "Sure?"}], enable_thinking=False),
    "parts": _context([SYSTEM, PARTS]),
    "documents": _context([USER], documents=[{"title": "A", "text": "Sunny."}, {"title": "B", "text": "Rain."}]),
    "no messages": _context([]),
    "two questions": _context([USER, USER]),
    "unknown role": _context([{"role": "critic", "content": "No."}]),
}
