// Package count knows what is counted of a line, and where a line ends. It needs no host.
package count

import (
	"bytes"
	"iter"
	"unicode/utf8"
)

// Counts are those of a line, or of many.
type Counts struct {
	Words int
	// Characters are Unicode's code points.
	Characters int
}

// Line counts one line. Words lie between spaces and tabs.
func Line(line []byte) Counts {
	words := bytes.FieldsFunc(line, func(r rune) bool { return r == ' ' || r == '\t' })
	return Counts{Words: len(words), Characters: utf8.RuneCount(line)}
}

// Plus adds what was counted elsewhere.
func (c Counts) Plus(other Counts) Counts {
	return Counts{c.Words + other.Words, c.Characters + other.Characters}
}

// Lines yields the lines of a text without their ends, \n or \r\n. A last line without an end counts; an empty text has no lines.
func Lines(text []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for line := range bytes.Lines(text) {
			if cut, ended := bytes.CutSuffix(line, []byte("\n")); ended {
				line = bytes.TrimSuffix(cut, []byte("\r"))
			}
			if !yield(line) {
				return
			}
		}
	}
}

// ValidUpTo is the place of the first byte that is not UTF-8, or the length of the text.
func ValidUpTo(text []byte) int {
	at := 0
	for at < len(text) {
		character, size := utf8.DecodeRune(text[at:])
		if character == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return at
}
