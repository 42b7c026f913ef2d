package spoken_test

import (
	"fmt"
	"time"

	"countersign/spoken"
)

// A caller says their account number. Without a check digit it would be read back to them.
func Example() {
	words := []byte("my number is twenty three forty five sixty six") // as recognised
	if command, _ := spoken.CommandIn("en-GB", words); command == spoken.None {
		readings := spoken.Digits("en-GB", words, 6, 8)
		defer spoken.Wipe(readings)
		for _, r := range readings {
			fmt.Printf("%s ", r.Reveal())
		}
		account, ok := spoken.Settle(readings, func(number string) bool { return number == "2034566" })
		fmt.Printf("→ %s %t\n", account.Reveal(), ok)
	}
	// Output: 234566 2034566 2340566 2345606 20340566 20345606 23405606 → 2034566 true
}

// What was heard is read back, and the caller corrects the wrong part.
func ExampleCorrect() {
	heard := spoken.Digits("de", []byte("zwölf vierunddreißig sechsundfünfzig"), 6, 6)[0]
	fmt.Printf("%s\n", heard.Groups())
	answer := []byte("nein, am Ende fünf sieben")
	if command, _ := spoken.CommandIn("de", answer); command != spoken.Yes {
		for _, r := range spoken.Correct("de", heard.Groups(), answer, 6, 6) {
			fmt.Printf("%s\n", r.Groups())
		}
	}
	// Output:
	// [12 34 56]
	// [12 34 57]
}

func ExampleCommandIn() {
	for _, words := range []string{
		"I don't have it", "can I talk to a human please", "no, four five six", "four five six",
	} {
		command, rest := spoken.CommandIn("en", []byte(words))
		fmt.Printf("%s %q\n", command, rest)
	}
	// Output:
	// dont_have ""
	// agent ""
	// no "four five six"
	// none ""
}

func ExampleDates() {
	from, to := time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, language := range []string{"en-US", "en-GB"} {
		for _, date := range spoken.Dates(language, []byte("seven four nineteen eighty-four"), from, to) {
			fmt.Printf("%s\n", date.Reveal())
		}
	}
	// Output:
	// 19840704
	// 19840407
}

func ExampleLetters() {
	for _, r := range spoken.Letters("de", []byte("A wie Anton, Berta, Strich, eins zwo"), 4, 4) {
		fmt.Printf("%s\n", r.Reveal())
	}
	// Output: AB12
}

// A recogniser that gives several hypotheses: the check digit says which is right.
func ExampleNbest() {
	readings := spoken.Nbest([]spoken.Hypothesis{
		{Words: []byte("four five nine"), Confidence: 0.6}, {Words: []byte("four nine nine"), Confidence: 0.5},
	}, func(words []byte) []spoken.Reading { return spoken.Digits("en", words, 3, 3) })
	number, ok := spoken.Settle(readings, func(number string) bool { return number == "499" })
	fmt.Printf("%s %t\n", number.Reveal(), ok)
	// Output: 499 true
}
