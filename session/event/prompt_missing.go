package event

// FactPromptMissing: a prompt has no audio; the caller heard a tone instead.
const FactPromptMissing Fact = "prompt_missing"

// PromptMissing names the prompt. It comes once for each prompt and call.
type PromptMissing struct {
	Prompt   string `json:"prompt"`
	Language string `json:"language"`
}

// Fact implements Data.
func (PromptMissing) Fact() Fact { return FactPromptMissing }
