// Package spoken reads what callers say, in English and German: numbers, identifiers with letters, dates, corrections,
// and commands such as «I don't have it». It takes the words that a speech recogniser understood, however it writes
// them («twenty-three», «23», «Dreiundzwanzig»), and makes the grammars that recognisers listen by.
//
// Speech is ambiguous: «twenty three» is 23, or 20 and 3. So the readers return all readings of the wanted length, the
// likeliest first, and no reading if they do not know every word: they never guess. More than one reading is doubt,
// which a check digit may settle (Settle), or else the caller, when the number is read back (Correct). Whoever tries
// several readings of a secret makes several guesses at it.
//
// What is understood of numbers: digits («oh», «nought», «zwo»), cardinals below a million, said together or not
// («nineteen eighty four», «hundert drei und zwanzig»), doubled digits («double seven», «two sevens», «dreimal die
// vier»), digits that the recogniser wrote, hesitations, pauses, and what people say around a number («my number is …
// please»). Of letters: their names, doubled ones («Doppel-L»), the spelling alphabets of NATO and of DIN 5009, and any
// word that explains a letter («B as in banana»). Words that only sound like a number («for», «to») are none.
//
// A language is a file: its words, and the rules by which they make numbers. The readers and the grammars are made of
// the same rules.
//
// What was said may be a secret. The package keeps and logs nothing, and has no errors that could repeat it. Its own
// copies are wiped before a reader returns; what callers pass and what they get is theirs to wipe. Input of more than
// 1024 bytes or 80 words is not read. All functions may be called from any goroutine.
package spoken
