package main

import (
	"encoding/json"
	"io"
)

// printLines prints one JSON object per line.
func printLines[T any](to io.Writer, all []T) error {
	return printLinesAs(to, all, func(x T) T { return x })
}

// printLinesAs prints what as makes of each.
func printLinesAs[T, J any](to io.Writer, all []T, as func(T) J) error {
	out := json.NewEncoder(to)
	for _, x := range all {
		if err := out.Encode(as(x)); err != nil {
			return err
		}
	}
	return nil
}
