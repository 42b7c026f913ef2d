package lines

import "embed"

//go:embed examples/*.yaml
var examples embed.FS

// Example is the text of an example, such as "smartflows". An unknown name is fs.ErrNotExist.
func Example(name string) ([]byte, error) { return examples.ReadFile("examples/" + name + ".yaml") }
