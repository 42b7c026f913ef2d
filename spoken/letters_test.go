package spoken

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestLettersInEnglish(t *testing.T) {
	t.Parallel()
	readTable(t, func(words []byte) []Reading { return Letters("en", words, 2, 8) }, [][2]string{
		{"A B one two", "AB12 B12"},
		{"b c one two", "BC12"},
		{"bravo charlie one two", "BC12"},
		{"alpha bravo charlie delta", "ABCD"},
		{"echo foxtrot golf hotel", "EFGH"},
		{"india juliet kilo lima", "IJKL"},
		{"mike november oscar papa", "MNOP"},
		{"quebec romeo sierra tango", "QRST"},
		{"uniform victor whiskey x-ray", "UVWX"},
		{"xray yankee zulu", "XYZ"},
		{"alfa juliett whisky", "AJW"},
		{"B as in bravo C as in charlie", "BC"},
		{"B for Bravo, C for Charlie, one", "BC1"},
		{"B like boy D like dog", "BD"},
		{"B bravo C charlie", "BC BBC BCC BBCC"},
		{"B as in banana C as in cucumber", "BC"},
		{"S as in seven one", "S1"},
		{"D for Bravo one", "B1"},
		{"B as in nine one", ""},
		{"B as in one", ""},
		{"double L seven", "LL7"},
		{"triple m", "MMM"},
		{"double b as in bravo", "BB"},
		{"double u one", "W1 UU1"},
		{"double you one", "W1"},
		{"W W", "WW"},
		{"bee cee dee", "BCD"},
		{"aitch jay kay ell em en", "HJKLMN"},
		{"pee cue ar ess tee vee ex zee", "PQRSTVXZ"},
		{"zed zed", "ZZ"},
		{"B twelve", "B12"},
		{"B twenty three", "B23 B203"},
		{"AB-1234", "AB1234"},
		{"AB 1234", "AB1234"},
		{"XZ 1234", "XZ1234"},
		{"ab1234", ""},
		{"B1C2", "B1C2"},
		{"B.C.D.", "BCD"},
		{"my code is BX seven", "BX7"},
		{"BX", ""},
		{"MY CODE IS BX SEVEN", ""},
		{"WORLD 12", ""},
		{"oh two", "02 O2"},
		{"o two", "02 O2"},
		{"my reference is b c dash one two", "BC12"},
		{"capital b c", "BC"},
		{"letter b letter c", "BC"},
		{"b and c", "BC"},
		{"b banana", ""},
		{"as in bravo one", ""},
		{"one two three", "123"},
		{"hello", ""},
		{"b c please", "BC"},
	})
}

func TestLettersInGerman(t *testing.T) {
	t.Parallel()
	readTable(t, func(words []byte) []Reading { return Letters("de", words, 2, 9) }, [][2]string{
		{"A B eins zwei", "AB12"},
		{"A wie Anton, B wie Berta, eins zwei", "AB12"},
		{"Anton Berta Cäsar Dora Emil", "ABCDE"},
		{"Friedrich Gustav Heinrich Ida Julius", "FGHIJ"},
		{"Kaufmann Ludwig Martha Nordpol Otto", "KLMNO"},
		{"Paula Quelle Richard Samuel Theodor", "PQRST"},
		{"Ulrich Viktor Wilhelm Xanthippe Ypsilon Zacharias", "UVWXYZ"},
		{"Aachen Berlin Chemnitz Düsseldorf Essen", "ABCDE"},
		{"Frankfurt Goslar Hamburg Ingelheim Jena", "FGHIJ"},
		{"Köln Leipzig München Nürnberg Offenbach", "KLMNO"},
		{"Potsdam Quickborn Rostock Salzwedel Tübingen", "PQRST"},
		{"Unna Völklingen Wuppertal Xanten Zwickau", "UVWXZ"},
		{"Koeln Muenchen", "KM"},
		{"Alfa Bravo Charlie", "ABC"},
		{"Siegfried Zeppelin Nathan Konrad", "SZNK"},
		{"Ärger eins", "AE1"},
		{"Umlaut Aachen eins", "AE1"},
		{"ä ö ü ß", "AEOEUESS"},
		{"Ökonom Übermut", "OEUE"},
		{"Charlotte Schule", "CHSCH"},
		{"Doppel-L sieben", "LL7"},
		{"Doppel-S", "SS"},
		{"doppel m wie Martha", "MM"},
		{"zweimal die null", "00"},
		{"M Strich A B eins zwei drei", "MAB123"},
		{"M-AB 123", "MAB123"},
		{"B be ce", "BBC"},
		{"ha jot ka el", "HJKL"},
		{"vau we ix ypsilon zett", "VWXYZ"},
		{"B wie Banane C wie Citrus", "BC"},
		{"D wie Berta eins", "B1"},
		{"S wie Sieben eins", "S1"},
		{"B wie neun eins", ""},
		{"B zwölf", "B12"},
		{"B dreiundzwanzig", "B23"},
		{"Buchstabe B Buchstabe C", "BC"},
		{"großes B C", "BC"},
		{"meine Kundennummer ist B C eins", "BC1"},
		{"Banane eins", ""},
	})
}

func TestLettersAreGroupedAsTheyWereSaid(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "AB·1234", groups(Letters("en", []byte("AB-1234"), 6, 6)[0]))
	assert.Equal(t, "LL·7", groups(Letters("en", []byte("double L seven"), 3, 3)[0]))
	assert.Equal(t, "M·AB123", groups(Letters("de", []byte("M Strich A B eins zwei drei"), 6, 6)[0]))
}
