package spoken

// english is English as it is spoken in Britain and North America. Words under say are in CMU's pronouncing dictionary,
// or mod_pocketsphinx could not use the grammars.
func english() *language {
	l := &language{
		tag: "en", locale: "en-US", monthFirst: "en, en-us",

		hesitations: "um, uh, uhm, umm, er, erm, eh, ah, hm, hmm, mm, mmm",
		links: `and, then, next, followed, by, the, a, dash, hyphen, minus, slash, space, stroke, letter,
			capital, uppercase, lowercase`,
		before: `my, our, this, that, thats, it, its, is, was, number, digits, account, customer, client,
			contract, policy, order, member, membership, reference, case, ticket, card, phone, telephone, mobile,
			cell, pin, code, password, id, identifier, date, birth, birthday, born, i, im, have, ive, got, think,
			believe, say, said, sure, yes, yeah, yep, yup, ok, okay, alright, right, so, well, oh, hi, hello,
			here, you, go, please, let, me, see, would, be, should`,
		after:  "please, thanks, thank, you, thats, that, is, it, all, ok, okay",
		inDate: "of, in, on, the, and, year",
		carriers: `i, im, id, ive, we, would, like, want, wanna, need, to, can, could, you, may, let, me, my, us,
			a, an, the, with, for, speak, talk, talking, get, give, connect, transfer, put, through, have,
			please, just, right, now, here, at, moment, this, that, it, is, in, on, hand, yes, yeah, no, sorry,
			well, so, oh, actually, rather, prefer, ill, will, going, gonna, try, go, do, use, say, said, what,
			was, were, number, account, customer, client, contract, policy, order, member, reference, case, card,
			pin, code, password, date, but, because, really, any, some, someone, somebody, thing, today,
			unfortunately, afraid, hi, hello, more, bit, little, time, once`,
		polite: `please, thanks, thank, you, well, so, oh, actually, sorry, hello, hi, okay, afraid, im`,
		joints: "and",

		asIn:  words("as in, for, like, as, is for"),
		times: oneOf(entry{20, "double", ""}, entry{30, "triple", "treble"}),

		not:       words("not"),
		but:       oneOf(entry{say: "but, it's, it is", also: "it should be, that's, that is"}),
		insteadOf: words("instead of, not, rather than"),
		is: oneOf(entry{
			say: "is, are, should be, is a", also: "must be, was, were, are a, should be a, is an, should be an",
		}),
		intro: words("it's, it is, my number is, the number is"),
	}
	l.month = series(1, 1, `january | jan; february | feb; march | mar; april | apr; may; june | jun; july | jul;
		august | aug; september | sep, sept; october | oct; november | nov; december | dec`).called("month")
	l.names = series(0, 1, `english | englisch; german, deutsch; french | français; spanish | español; italian | italiano;
		dutch | nederlands; polish | polski; turkish | türkçe; russian; portuguese | português`).called("language")
	l.englishNumbers()
	l.englishLetters()
	l.englishCommands()
	return l
}

func (l *language) englishNumbers() {
	zero := series(0, 1, "zero, oh | o, nought, naught, nil, 0").called("zero")
	units := series(1, 1, `one | 1; two | 2; three | 3; four | 4; five | fife, 5; six | 6; seven | 7; eight | 8;
		nine | niner, 9`).called("unit")
	teens := series(10, 1, `ten; eleven; twelve; thirteen; fourteen; fifteen; sixteen; seventeen; eighteen;
		nineteen`).called("teen")
	tens := series(20, 10, `twenty; thirty; forty | fourty; fifty; sixty; seventy; eighty; ninety`).called("ten")
	a, hundred, thousand := series(1, 1, "a"), series(100, 1, "hundred"), series(1000, 1, "thousand")
	and := optional(words("and"))

	below100 := choice(row(tens, units), tens, teens, units)
	hundreds := multiplied(choice(units, a), hundred)
	below1000 := choice(row(hundreds, and, below100), hundreds, below100)
	thousands := multiplied(choice(below1000, a), thousand)
	manyHundreds := multiplied(choice(teens, row(tens, units)), hundred)
	l.digit = choice(zero, units).called("digit")
	l.cardinal = choice(
		row(thousands, and, below1000), thousands, row(manyHundreds, and, below100), manyHundreds, below1000,
	)
	howMany := series(20, 10, "two; three; four; five; six")
	plural := series(0, 1, `zeros | zeroes, ohs, os, noughts, naughts, nils; ones; twos; threes; fours; fives;
		sixes; sevens; eights; nines`)
	l.doubled = choice(row(l.times, l.digit), row(howMany, plural))

	l.spokenUnits = []*rule{
		l.digit,
		choice(row(words("double"), l.digit), row(tens, optional(units)), teens).called("two_digits"),
		choice(row(words("triple"), l.digit), row(units, hundred), row(tens, units)).called("three_digits"),
	}
	l.englishDates(zero, units, teens, tens)
	l.englishPlaces()
}

func (l *language) englishDates(zero, units, teens, tens *rule) {
	first := series(1, 1, `first | 1st; second | 2nd; third | 3rd; fourth | 4th; fifth | 5th; sixth | 6th;
		seventh | 7th; eighth | 8th; ninth | 9th`).called("ordinal_unit")
	tenth := series(10, 1, `tenth | 10th; eleventh | 11th; twelfth | 12th; thirteenth | 13th; fourteenth | 14th;
		fifteenth | 15th; sixteenth | 16th; seventeenth | 17th; eighteenth | 18th; nineteenth | 19th;
		twentieth | 20th; | 21st; | 22nd; | 23rd; | 24th; | 25th; | 26th; | 27th; | 28th; | 29th;
		thirtieth | 30th; thirty first | 31st`).called("ordinal")
	l.ordinal = choice(first, tenth, row(series(20, 1, "twenty"), first))

	twoDigits := choice(row(tens, optional(units)), teens)
	monthNumber := choice(
		units, row(zero, units), words("ten, eleven, twelve"), first, words("tenth, eleventh, twelfth"),
	).called("month_number")
	day := choice(
		l.ordinal, teens, row(words("twenty"), optional(units)), words("thirty, thirty one"), units, row(zero, units),
	).called("day")
	year := choice(
		row(words("nineteen, twenty"), choice(twoDigits, row(zero, units))), words("nineteen hundred"),
		row(words("two thousand"), optional(words("and")), optional(choice(twoDigits, units))),
		twoDigits, row(zero, units),
	).called("year")
	of, the := optional(words("of")), optional(words("the"))
	l.spokenDate = choice(
		row(the, day, of, l.month, optional(words("in")), year), row(l.month, the, day, year),
		row(the, day, of, the, monthNumber, year), row(monthNumber, day, year),
		row(l.digit, l.digit, l.digit, l.digit, l.digit, l.digit, optional(row(l.digit, l.digit))),
	)
}

func (l *language) englishPlaces() {
	ordinals := choice(
		series(fromStart, fromStart, `first; second; third; fourth; fifth; sixth; seventh; eighth; ninth; tenth;
			eleventh; twelfth`),
		series(fromEnd, fromEnd, "last; second to last | last but one, second last, next to last"),
	)
	noun := oneOf(
		entry{placeDigit, "digit, number", "letter, character"}, entry{placeGroup, "group, pair, block", ""}, entry{0, "one, ones", ""},
	)
	outer := oneOf(entry{fromStart, "first", ""}, entry{fromEnd, "last", ""})
	the, count := optional(words("the")), series(2, 1, "two; three; four; five; six")
	l.place = choice(
		row(the, outer, count, optional(words("digits, numbers"))),
		row(the, ordinals, optional(noun)),
		oneOf(entry{
			fromEnd + placeOpen, "at the end, the end, it ends in, it ends with", "ends in, ends with, ending in, end",
		}, entry{
			fromStart + placeOpen, "at the beginning, it starts with, it begins with",
			"at the start, starts with, begins with, the beginning, the start, beginning",
		}),
	)
}

func (l *language) englishLetters() {
	l.letter = series('A', 1, `a | ay; b | bee; c | cee; d | dee; e | ee; f | eff, ef; g | gee; h | aitch, haitch;
		i; j | jay; k | kay; l | ell, el; m | em; n | en; o | oh; p | pee; q | cue, queue; r | ar; s | ess; t | tee;
		u; v | vee; w | double u, double you; x | ex; y | wye; z | zee, zed`).called("letter")
	// NATO's, and words that people use.
	l.spelling = series('A', 1, `alpha, adam, apple | alfa, able; bravo, baker, boy | bob, bertie; charlie | cat;
		delta, david, dog; echo, edward | easy, eric; foxtrot, frank | fox, freddie, freddy; golf, george;
		hotel, henry, harry; india, ida | item, isaac; juliet, john | juliett, jack; kilo, king | kate;
		lima, lincoln | love, lucy; mike, mary | mother; november, nancy | nora, nellie;
		oscar, ocean | oliver, orange; papa, paul, peter; quebec, queen; romeo, robert | roger;
		sierra, sam, sugar | samuel; tango, tom | thomas, tommy; uniform, union | uncle; victor;
		whiskey, william | whisky; x-ray | xray; yankee, young | yellow, yoke; zulu, zebra`).called("spelling")
	explained, dash := row(l.letter, words("as in, for"), l.spelling), words("dash")
	l.spelledUnits = []*rule{choice(l.spelling, explained, l.digit).called("character"), row(words("double"), l.digit),
		row(words("triple"), l.digit)}
	l.spokenSpelling = onceOrMore(choice(l.spelling, explained, l.digit, row(l.times, l.digit), dash))
	l.spokenLetters = onceOrMore(choice(
		l.letter, l.spelling, explained, l.digit, row(l.times, choice(l.letter, l.digit)), dash,
	))
}

func (l *language) englishCommands() {
	l.commands = oneOf(
		entry{int(Yes), `yes, yeah, yep, correct, right, that's right, that is right, that's correct,
			that is correct, yes it is, it is, sure, okay, exactly`,
			`yup, ok, of course, absolutely, definitely, affirmative, indeed, perfect, yes they are, they are,
				yes please, thats it, that is it, thats the one, yes i do, i do, yes i can, aye, mhm, all right,
				alright, fine, all correct, it is correct, it is right, its right, its correct, thats fine,
				quite right, true`},
		entry{int(No), `no, nope, wrong, that's wrong, that is wrong, not right, that's not right, incorrect,
			no it isn't, not correct, that's not correct`,
			`nah, no way, negative, not really, it isnt, it is not, its not, no it is not, no its not,
				that isnt right, that is not right, that is not correct, that isnt correct, thats not it,
				that is not it, thats incorrect, that is incorrect, this is wrong, its wrong, it is wrong,
				not quite, no they arent, they arent, no thanks, no thank you, false, not at all, never,
				all wrong, thats false`},
		entry{int(DontHave), `i don't have it, i don't have that, i don't have one, i don't have my number,
			i don't know, i don't know it, i do not have it, i do not know, i haven't got it, i forgot,
			i forgot it, i can't remember, i don't remember, i lost it, no idea, i have no idea, i can't find it`,
			`do not have, dont know, do not know, have not got, forgot, forgotten,
				ive forgotten, cant remember, can not remember, cannot remember, dont remember, do not remember,
				dont recall, cant recall, lost, ive lost it, have no idea, ive no idea, no clue, not a clue,
				cant find, cannot find, can not find, dont … have, dont have one, havent got one,
				dont know what that is, dont have one of those, have none, havent … got, not to hand,
				not with me, dont have it with me, dont have it on me, no number, havent one, dont got, aint got,
				couldnt tell you, i couldnt say, i cant say, not available, dont own one, have not one,
				never had one, never got one, cant think of it, wouldnt know, i have no … number,
				i have no … code, i have no … pin, no i dont have it, i skip it, skip, skip it, skip this, pass,
				i pass`},
		entry{int(Agent), `agent, an agent, representative, a representative, operator, the operator, a human,
			a person, a real person, somebody, customer service, speak to an agent, talk to an agent,
			speak to a person, speak to someone, talk to a human`,
			`human, person, real person, live person, live agent, human being, an operator, advisor, adviser,
				an advisor, an adviser, customer services, customer care, customer support, support, help desk,
				helpdesk, service desk, reception, receptionist, clerk, colleague, employee, staff, assistant,
				member of staff, somebody real, someone real, talk to someone,
				speak to somebody, talk to somebody, speak with someone, speak with somebody, talk with someone,
				speak to a human, get me someone, get me somebody, service agent, live representative,
				call center agent, supervisor, manager, real human, associate, specialist, consultant,
				put me through, connect me, transfer me, a man, a woman, human please, agents, representatives,
				humans, people, real people, help, help me, i need help, speak to anyone, talk to anyone,
				attendant`},
		entry{int(Repeat), `repeat, repeat that, pardon, say again, say that again, again, once more, sorry,
			what did you say, can you repeat that, excuse me`,
			`pardon me, beg your pardon, i beg your pardon, beg pardon, come again, one more time, once again,
				what was that, what, say it again, say it once more, repeat it, repeat please,
				repeat the question, repeat … question, didnt hear, did not hear, didnt hear that,
				didnt understand, did not understand, dont understand, i dont understand, do not understand,
				didnt catch, did not catch, didnt get, did not get, didnt get that, couldnt hear, could not hear,
				i cant hear you, cant hear you, cant understand, cannot understand, the question again,
				hear it again, hear that again, play it again, play that again, listen again, tell me again,
				whats that, what is that, huh, what do you want, what do you need, whats the question,
				what was the question, repeat the message, replay, say what, again please, another time,
				from the start`},
		entry{int(Slower), "slower, more slowly, slowly, slow down, too fast, not so fast",
			`slower please, a bit slower, speak slower, speak slowly, speak more slowly, you are too fast,
				youre too fast, thats too fast, that was too fast, that is too fast, talk slower,
				talk more slowly, go slower, bit slower, take it slow, take it slowly, slow, so fast, too quick,
				too quickly, not so quickly, not that fast, im slow, i am slow, more time, i need more time,
				need more time, give me more time, take your time, hang on, hold on, wait, just a moment,
				just a minute, just a second, one moment, one second, one minute, a moment, a minute, a second,
				give me a moment, give me a minute, give me a second, not so quick, less fast`},
		entry{int(KeyIt), `i'd rather key it, i'll key it, i'll type it, type it, key it in, use the keypad,
			keypad`,
			`id rather type, id rather key, id rather type it, rather key it, key it, key in, key, type,
				type it in, typing, punch it in, dial it, dial it in, press the keys, press keys,
				press the buttons, use the keys, use my keypad, use the buttons, use the phone, use the keyboard,
				keyboard, by keypad, with the keypad, on the keypad, enter it, enter it on the keypad,
				touch tone, touchtone, enter it by hand, by keys, by hand, i will key it, i will type it,
				i would rather key it, i would rather type it, let me type, let me type it, let me key it,
				can i type it, can i key it, prefer to type, prefer to key, not say it, not say it aloud,
				not out loud, i dont want to say it, dont want to say, rather not say, id rather not say,
				rather not say it, manually`},
	).called("command")
}
