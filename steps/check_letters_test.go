package steps_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"countersign/session"
	"countersign/steps"
)

const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// published are identifiers that their issuers or standards print, with right check characters. All were compared with
// another implementation, python-stdnum.
var published = map[string][]string{
	"luhn": {"79927398713"},
	"mod97": {
		"79444",                        // ISO/IEC 7064
		"213800KUD8LAJWSQ9D15",         // an LEI
		"5493001KJTIIGC8Y1R12",         // an LEI
		"WEST12345698765432GB82",       // the IBAN GB82 WEST 1234 5698 7654 32, its beginning moved to the end
		"539007547034RF18",             // ISO 11649: RF18 5390 0754 7034, moved likewise
		"9999123456789012141490",       // digits alone
		"3214282912345698765432161182", // GB82 WEST … with its letters written as digits
	},
	"mod11": {"0306406152"}, // an ISBN-10
	"mod11-2": {
		"07940", "079X", // ISO/IEC 7064
		"000000012146438X",   // an ISNI
		"000000021694233X",   // ORCID's example, 0000-0002-1694-233X
		"0000000218250097",   // ORCID's other one, 0000-0002-1825-0097
		"11010519491231002X", // GB 11643, a Chinese identity card
	},
	"mod37-2":  {"G123498654321H"},     // ISBT 128
	"mod37-36": {"A12425GABC1234002M"}, // GRid
	"luhn36":   {"221234E", "AB1234O", "HELLOJ", "000000006D51F6A1K26"},
}

func TestPublishedIdentifiersAreRight(t *testing.T) {
	t.Parallel()
	for _, c := range steps.Checks() {
		require.NotEmpty(t, published[c.Name], c.Name)
		for _, text := range published[c.Name] {
			assert.True(t, c.Right(text), "%s: %s", c.Name, text)
		}
		for _, text := range []string{"", "0", "1", "X", "*", "a1", "79\x00", "Ä1", "1 2", "1-2"} {
			assert.False(t, c.Right(text), "%s: %q", c.Name, text)
		}
		found, ok := steps.CheckOf(c.Name)
		assert.True(t, ok && found.Name == c.Name)
	}
	_, ok := steps.CheckOf("none")
	assert.False(t, ok)
	assert.True(t, steps.LuhnMod(16)("AF0123450ABCDEC"), "a MEID of 3GPP2")
	assert.True(t, steps.LuhnMod(10)("79927398713"), "a payment card")
}

// allSlips says which checks notice every transposition of two neighbours, too: the pure systems of ISO/IEC 7064.
var allSlips = map[string]bool{"mod97": true, "mod11": true, "mod11-2": true, "mod37-2": true}

// checkCharacters are all that a check may have at the end of an identifier.
func checkCharacters(check string) (all []string) {
	switch check {
	case "mod97":
		for i := range 100 {
			all = append(all, fmt.Sprintf("%02d", i))
		}
	case "luhn", "mod11":
		all = strings.Split(alphabet[:10], "")
	case "mod11-2":
		all = strings.Split(alphabet[:10]+"X", "")
	case "mod37-2":
		all = strings.Split(alphabet+"*", "")
	default:
		all = strings.Split(alphabet, "")
	}
	return all
}

// charactersOf are those before the check characters.
func charactersOf(check string) string {
	switch check {
	case "luhn", "mod11", "mod11-2":
		return alphabet[:10]
	}
	return alphabet
}

// complete adds the right check characters; false where the check has none for it.
func complete(t require.TestingT, c steps.Check, text string) (whole string, ok bool) {
	var right []string
	for _, end := range checkCharacters(c.Name) {
		if c.Right(text + end) {
			right = append(right, text+end)
		}
	}
	switch c.Name {
	case "mod11": // ten is issued by nobody
		require.LessOrEqual(t, len(right), 1, "%s %s", c.Name, text)
	case "mod97": // 00 and 97, 01 and 98, 02 and 99 are the same remainders
		require.NotEmpty(t, right, "%s %s", c.Name, text)
		require.LessOrEqual(t, len(right), 2, "%s %s", c.Name, text)
	default:
		require.Len(t, right, 1, "%s %s", c.Name, text)
	}
	if len(right) == 0 {
		return "", false
	}
	return right[0], true
}

// sameSort says whether two characters have the same weight in a check: a letter counts as two digits in MOD 97-10,
// which may miss a digit in its place.
func sameSort(check string, a, b byte) bool { return check != "mod97" || (a > '9') == (b > '9') }

// slips requires that a check notices each wrong character, and exchanged neighbours where it notices all of them.
func slips(t require.TestingT, c steps.Check, whole string) {
	for i := range whole {
		for _, other := range alphabet {
			if byte(other) == whole[i] || !sameSort(c.Name, byte(other), whole[i]) {
				continue
			}
			wrong := whole[:i] + string(other) + whole[i+1:]
			require.False(t, c.Right(wrong), "%s: %s for %s", c.Name, wrong, whole)
		}
		if i == 0 || !allSlips[c.Name] || whole[i] == whole[i-1] || !sameSort(c.Name, whole[i], whole[i-1]) {
			continue
		}
		wrong := whole[:i-1] + string(whole[i]) + string(whole[i-1]) + whole[i+1:]
		require.False(t, c.Right(wrong), "%s: %s for %s", c.Name, wrong, whole)
	}
}

func TestASlipOfTheFingerIsNoticed(t *testing.T) {
	t.Parallel()
	for _, c := range steps.Checks() {
		for _, text := range published[c.Name] {
			slips(t, c, text)
		}
	}
	all, missed := 0, 0
	for i := range len(alphabet) {
		for j := range len(alphabet) {
			if i == j {
				continue
			}
			for _, name := range []string{"mod37-36", "luhn36"} {
				c, _ := steps.CheckOf(name)
				whole, _ := complete(t, c, string(alphabet[i])+string(alphabet[j]))
				if all++; c.Right(whole[1:2] + whole[:1] + whole[2:]) {
					missed++
				}
			}
		}
	}
	assert.Less(t, float64(missed)/float64(all), .01, "and nearly all exchanged neighbours by the others")
}

func TestWhatCanBeKeyedForAnX(t *testing.T) {
	t.Parallel()
	check, _ := steps.CheckOf("mod11-2")
	for keys, can := range map[string]bool{
		"0799": true, "07940": true, "0798": false, "07949": false, "0000000121464389": true, "9": false, "": false,
		"0000000121464380": false, "9990": false, "079X": true,
	} {
		assert.Equal(t, can, check.Keyed(keys), keys)
	}
}

// FuzzCheckCharacters: any bytes are checked without harm, every text has its check characters, they are noticed to be
// wrong after a slip, and what is right can be keyed.
func FuzzCheckCharacters(f *testing.F) {
	for _, all := range published {
		for _, text := range all {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 64 {
			text = text[:64]
		}
		for _, c := range steps.Checks() {
			if c.Right(text) {
				require.Empty(t, strings.Trim(text[:len(text)-1], alphabet), "%s: %q", c.Name, text)
			}
			known := strings.Map(func(r rune) rune {
				return rune(charactersOf(c.Name)[int(r)%len(charactersOf(c.Name))])
			}, text)
			if known == "" || c.Name == "mod11" && len(known) > 9 { // beyond that, places have the same weights
				continue
			}
			whole, ok := complete(t, c, known)
			if !ok {
				continue
			}
			slips(t, c, whole)
			if c.Keyed != nil {
				require.True(t, c.Keyed(session.Keypad(whole)), "%s: %s", c.Name, whole)
			}
		}
	})
}
