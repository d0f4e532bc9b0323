package count

import (
	"slices"
	"testing"
)

func TestWordsLieBetweenSpacesAndTabs(t *testing.T) {
	for _, test := range []struct {
		text string
		want Counts
	}{
		{"", Counts{0, 0}},
		{"one", Counts{1, 3}},
		{"  two \t words ", Counts{2, 14}},
		{"für ☃", Counts{2, 5}},
		{"one\u00a0word\vand\rno\u2003more", Counts{1, 20}},
	} {
		if got := Line([]byte(test.text)); got != test.want {
			t.Errorf("Line(%q) = %+v, want %+v", test.text, got, test.want)
		}
	}
}

func TestLinesLoseTheirEnds(t *testing.T) {
	for _, test := range []struct {
		text string
		want []string
	}{
		{"", nil},
		{"\n", []string{""}},
		{"one\ntwo", []string{"one", "two"}},
		{"one\r\n\r\ntwo\n", []string{"one", "", "two"}},
		{"a\rb\r\r\nlast\r", []string{"a\rb\r", "last\r"}},
	} {
		var got []string
		for line := range Lines([]byte(test.text)) {
			got = append(got, string(line))
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("Lines(%q) = %q, want %q", test.text, got, test.want)
		}
	}
}

func TestValidUpToIsTheFirstBadByte(t *testing.T) {
	for _, test := range []struct {
		text string
		want int
	}{
		{"", 0},
		{"für ☃", 8},
		{"a\ufffdb", 5},
		{"ab\xff", 2},
		{"ab\xe2\x98", 2},
		{"ab\xed\xa0\x80", 2}, // a surrogate
		{"ab\xc0\x80", 2},     // longer than need be
	} {
		if got := ValidUpTo([]byte(test.text)); got != test.want {
			t.Errorf("ValidUpTo(%q) = %d, want %d", test.text, got, test.want)
		}
	}
}
