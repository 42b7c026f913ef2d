package spoken

import (
	"regexp"
	"strings"
)

// german is German as it is spoken in Germany, Austria and Switzerland. Compound words are in the tables in their
// parts: siebenundvierzig is «sieben und vierzig». CMU has no model for German, so its grammars are for MRCP engines.
func german() *language {
	l := &language{
		tag: "de", locale: "de-DE",
		fold: map[rune]string{'ä': "ae", 'ö': "oe", 'ü': "ue", 'ß': "ss"},

		hesitations: "äh, ähm, öh, öhm, hm, hmm, mh, mhm, ehm, eh, ah, ääh, naja, tja",
		links: `und, dann, danach, gefolgt, von, die, der, das, eine, einer, ne, strich, bindestrich, minus,
			schrägstrich, leerzeichen, pause, anschließend, buchstabe, großes, großer, großbuchstabe, kleines`,
		before: `meine, mein, unsere, unser, ihre, ist, sind, war, wäre, lautet, wär, nummer, kundennummer,
			kontonummer, vertragsnummer, auftragsnummer, bestellnummer, telefonnummer, handynummer, rufnummer,
			mobilnummer, mitgliedsnummer, versicherungsnummer, rechnungsnummer, kartennummer, konto, kunden,
			vertrags, geheimzahl, pin, code, passwort, kennwort, ziffern, zahl, zahlen, geburtsdatum, geburtstag,
			geboren, bin, ich, wir, habe, hab, haben, hätte, es, sie, er, das, dies, diese, ja, jawohl, ok, okay,
			gut, genau, also, so, nun, hallo, moment, hier, bitte, glaube, denke, sage, mal, jetzt, schauen, ach,
			vorwahl, am, den, dem`,
		after:  `bitte, danke, schön, geboren, das, wars, war, ist, es, alles, ok, okay, ja, so`,
		inDate: `der, den, dem, das, die, am, vom, im, in, jahr, jahre, des, jahres, monats, und, monat, tag`,
		carriers: `ich, wir, möchte, möchten, will, würde, würd, gern, gerne, lieber, hätte, brauche, bräuchte,
			muss, kann, könnte, könnten, können, darf, sie, mich, mir, uns, das, dies, es, die, der, den, dem,
			ein, eine, einen, einem, einer, mit, zu, zum, zur, an, sprechen, reden, verbinden, verbindung, geben,
			holen, weiterleiten, weiter, haben, habe, hab, bin, ist, war, bitte, jetzt, gerade, grad, leider,
			hier, da, doch, mal, sofort, gleich, nochmal, einfach, nur, eigentlich, ja, nein, nee, also, so, na,
			gut, ok, okay, entschuldigung, tut, leid, irgendwie, irgendeinen, irgendeinem, jemand, nummer,
			kundennummer, kontonummer, vertragsnummer, auftragsnummer, bestellnummer, telefonnummer,
			rechnungsnummer, kartennummer, mitgliedsnummer, geheimzahl, geheimnummer, pin, code, passwort,
			kennwort, konto, meine, mein, meinen, meiner, dazu, davon, dafür, im, moment, heute, auch, was, wie,
			etwas, bisschen, sagen, tun, machen, auf, über, am, telefon, hallo, guten, tag,
			sagten, gesagt, sein, werden, wollen, wollte, zurzeit, derzeit, momentan, schon, wirklich,
			überhaupt, aber, dabei, parat, griffbereit, auswendig, hand`,
		polite: `bitte, danke, schön, also, na, so, ach, entschuldigung, tut, mir, leid, leider, hallo,
			eigentlich, gut, doch, aber, okay, nun`,
		joints: "und, mal, doppel, dreifach",

		asIn: words("wie, wie in, für, von, wie bei"),
		times: oneOf(
			entry{20, "doppel, zweimal", "doppelt, doppelte, zwei mal, zwo mal, zwomal, doppeltes, 2 mal"},
			entry{30, "dreimal", "drei mal, dreifach, dreifache, 3 mal"},
			entry{40, "viermal", "vier mal, vierfach, 4 mal"},
			entry{50, "", "fünfmal, fünf mal, 5 mal"}, entry{60, "", "sechsmal, sechs mal, 6 mal"},
		),

		not: words("nicht, keine, kein"),
		but: words("sondern, sondern eine, das ist, es ist"),
		insteadOf: words(`statt, anstatt, anstelle von, nicht, und nicht, statt der, statt einer, anstatt der,
			anstelle der`),
		is: oneOf(entry{say: "ist, sind, ist eine, lautet", also: `ist die, lauten, heißt, heißen, kommt,
			kommt eine, war, waren, wäre, ist ne, muss, muss eine, müsste, sollte`}),
		intro: words("es ist, das ist, meine nummer ist, die nummer ist"),
	}
	l.names = series(0, 1, `englisch, english; deutsch | german; französisch | français; spanisch | español; italienisch |
		italiano; niederländisch, holländisch | nederlands; polnisch | polski; türkisch | türkçe; russisch;
		portugiesisch | português`).called("language")
	l.month = series(1, 1, `januar, jänner | jan; februar | feb, feber; märz | mär; april | apr; mai;
		juni, juno | jun; juli, julei | jul; august | aug; september | sep, sept; oktober | okt; november | nov;
		dezember | dez`).called("month")
	l.germanNumbers()
	l.germanLetters()
	l.germanCommands()
	return l
}

func (l *language) germanNumbers() {
	from2 := `zwei, zwo | 2; drei | 3; vier | 4; fünf | funf, 5; sechs | 6; sieben | 7; acht | 8; neun | 9`
	zero := series(0, 1, "null | nuller, 0").called("zero")
	units := series(1, 1, "eins | 1;"+from2).called("unit")
	factors := series(1, 1, "ein | 1;"+from2).called("factor")
	teens := series(10, 1, `zehn; elf; zwölf | zwolf; dreizehn; vierzehn; fünfzehn | funfzehn, fuffzehn;
		sechzehn | sechszehn; siebzehn | siebenzehn; achtzehn; neunzehn`).called("teen")
	tens := series(20, 10, `zwanzig; dreißig | dreizig; vierzig; fünfzig | funfzig, fuffzig; sechzig | sechszig;
		siebzig | siebenzig; achtzig; neunzig`).called("ten")
	und, hundred, thousand := words("und"), series(100, 1, "hundert"), series(1000, 1, "tausend")

	below100 := choice(row(factors, und, tens), tens, teens, units)
	hundreds := choice(multiplied(factors, hundred), hundred)
	below1000 := choice(row(hundreds, optional(und), below100), hundreds, below100)
	thousands := choice(multiplied(choice(factors, below1000), thousand), thousand)
	manyHundreds := multiplied(choice(teens, row(factors, und, tens)), hundred)
	l.scales = "hundert, tausend"
	l.digit = choice(zero, units).called("digit")
	l.cardinal = choice(
		row(thousands, optional(und), below1000), thousands, row(manyHundreds, optional(und), below100), manyHundreds,
		below1000,
	)
	the := optional(words("die, der, eine"))
	howMany := series(20, 10, "zwei | zwo; drei; vier; fünf")
	plural := series(0, 1, `nullen; einsen | einser; zweien | zweier; dreien | dreier; vieren | vierer;
		fünfen | fünfer; sechsen | sechser; siebenen | siebener, siebner; achten | achter; neunen | neuner`)
	l.doubled = choice(row(l.times, the, l.digit), row(howMany, plural))

	twoDigits := choice(row(factors, und, tens), tens, teens)
	l.spokenUnits = []*rule{
		l.digit,
		choice(row(words("doppel, zweimal"), the, l.digit), twoDigits).called("two_digits"),
		choice(
			row(words("dreimal"), the, l.digit), row(optional(factors), hundred, optional(choice(twoDigits, units))),
		).called("three_digits"),
	}
	l.germanDates(zero, units, teens, factors, twoDigits)
	l.germanPlaces()
}

func (l *language) germanDates(zero, units, teens, factors, twoDigits *rule) {
	monthOrdinals := `erst; zweit | zwot; dritt; viert; fünft | funft; sechst; siebt | siebent; acht; neunt; zehnt;
		elft; zwölft | zwolft`
	ordinals := func(stems string) *rule { return series(1, 1, withEndings(stems, "er", "e", "en")) }
	below20 := ordinals(monthOrdinals + `; dreizehnt; vierzehnt; fünfzehnt | funfzehnt; sechzehnt | sechszehnt;
		siebzehnt | siebenzehnt; achtzehnt; neunzehnt`).called("ordinal_below_20")
	twentieth := series(20, 10, withEndings("zwanzigst; dreißigst | dreizigst", "er", "e", "en"))
	und := words("und")
	l.ordinal = choice(
		below20, twentieth, row(factors, und, series(20, 10, withEndings("zwanzigst", "er", "e", "en"))),
		row(series(1, 1, "ein"), und, series(30, 1, withEndings("dreißigst | dreizigst", "er", "e", "en"))),
	).called("ordinal")

	day := choice(
		l.ordinal, teens, words("zwanzig, dreißig, ein und dreißig"), row(factors, und, words("zwanzig")), units,
		row(zero, units),
	).called("day")
	monthNumber := choice(
		units, row(zero, units), words("zehn, elf, zwölf"), ordinals(monthOrdinals),
	).called("month_number")
	year := choice(
		row(words("neunzehn hundert"), optional(choice(twoDigits, units))),
		row(words("neunzehn"), choice(twoDigits, row(zero, units))),
		row(words("zwei tausend"), optional(choice(twoDigits, units))),
		row(words("zwanzig"), choice(twoDigits, row(zero, units))),
		twoDigits, row(zero, units),
	).called("year")
	l.spokenDate = choice(
		row(
			optional(words("der, den, am")), day, choice(l.month, row(optional(words("der, den")), monthNumber)),
			optional(words("im jahr")), year,
		),
		row(l.digit, l.digit, l.digit, l.digit, l.digit, l.digit, optional(row(l.digit, l.digit))),
	)
}

func (l *language) germanPlaces() {
	ordinals := choice(
		series(fromStart, fromStart, withEndings(
			"erst; zweit; dritt; viert; fünft; sechst; siebt; acht; neunt; zehnt; elft; zwölft", "e", "en", "es", "er",
		)),
		series(fromEnd, fromEnd, withEndings("letzt; vorletzt", "e", "en", "es", "er")),
	)
	noun := oneOf(
		entry{placeDigit, "ziffer, zahl, stelle", "nummer, buchstabe, zeichen"}, entry{placeGroup, "gruppe, block, paar", ""},
	)
	outer := oneOf(entry{fromStart, "ersten", ""}, entry{fromEnd, "letzten", ""})
	count := series(2, 1, "zwei, beiden | zwo; drei; vier; fünf | funf; sechs")
	the := optional(words("die, das, der, an der, in der"))
	l.place = choice(
		row(the, outer, count, optional(oneOf(entry{say: "ziffern, zahlen, stellen", also: "nummern"}))),
		row(the, ordinals, optional(noun)),
		oneOf(entry{
			fromEnd + placeOpen, "am ende, hinten", `zum schluss, am schluss, es endet auf, endet auf, endet mit,
				es endet mit, das ende, schluss, ganz hinten, hinten raus`,
		}, entry{
			fromStart + placeOpen, "am anfang, vorne", `zu beginn, es beginnt mit, beginnt mit, es fängt an mit,
				der anfang, vorn, ganz vorne`,
		}),
	)
}

// withEndings puts every ending behind every word of a series.
func withEndings(stems string, endings ...string) string {
	return regexp.MustCompile(`\pL+`).ReplaceAllStringFunc(stems, func(stem string) string {
		var all []string
		for _, ending := range endings {
			all = append(all, stem+ending)
		}
		return strings.Join(all, ", ")
	})
}

func (l *language) germanLetters() {
	l.letter = choice(
		series('A', 1, `a; b | be, bee; c | ce, zeh; d | de, dee; e | ee; f | ef, eff; g | ge; h | ha; i;
			j | jot, jott; k | ka; l | el, ell; m | em, emm; n | en, enn; o; p | pe, pee; q | ku, kuh; r | er, err;
			s | es, ess; t | te, tee; u; v | vau, fau; w | we, weh; x | ix; y | ypsilon; z | zet, zett`),
		series(letterAE, 1, `ä | umlaut a, a umlaut; ö | umlaut o, o umlaut; ü | umlaut u, u umlaut;
			eszett | ß, scharfes s`),
	).called("letter")
	// DIN 5009 of 2022 (towns) and of 1996, Austria's and Switzerland's, NATO's, and words that people use.
	l.spelling = choice(
		series('A', 1, `anton, aachen, alfa | alpha, anna, albert; berta, berlin, bravo | bertha, bernhard;
			cäsar, chemnitz, charlie | citrone; dora, düsseldorf, delta | daniel, david;
			emil, essen, echo | eduard; friedrich, frankfurt, foxtrot | fritz, foxtrott;
			gustav, goslar, golf | georg; heinrich, hamburg, hotel | hans, hermann; ida, ingelheim, india | isidor;
			julius, jena, juliett, jakob | juliet, jakub, josef; kaufmann, köln, kilo, konrad | karl, kaiser, kurt;
			ludwig, leipzig, lima | leopold, lothar; martha, münchen, mike | marta, marie, maria, max;
			nordpol, nürnberg, november | nathan, norbert, niklaus, nikolaus; otto, offenbach, oscar | oskar;
			paula, potsdam, papa | peter, paul; quelle, quickborn, quebec | quasi;
			richard, rostock, romeo | rosa, robert; samuel, salzwedel, sierra, siegfried | sophie, sofie;
			theodor, tübingen, tango | theo; ulrich, unna, uniform | ute; viktor, völklingen, victor | vogel;
			wilhelm, wuppertal, whiskey | whisky, walter; xanthippe, xanten | xaver, x-ray, xray;
			ypsilon, yankee | yverdon; zacharias, zwickau, zulu, zeppelin | zürich`),
		series(letterAE, 1, `ärger | umlaut aachen; ökonom | umlaut offenbach, österreich;
			übermut | umlaut unna, übel`),
		series(letterCH, 1, "charlotte | christine; schule"),
	).called("spelling")
	explained, dash := row(l.letter, words("wie"), l.spelling), words("strich")
	l.spelledUnits = []*rule{choice(l.spelling, explained, l.digit).called("character"), row(words("doppel, zweimal"), optional(words("die")), l.digit),
		row(words("dreimal"), optional(words("die")), l.digit)}
	l.spokenSpelling = onceOrMore(choice(l.spelling, explained, l.digit, row(l.times, l.digit), dash))
	l.spokenLetters = onceOrMore(choice(
		l.letter, l.spelling, explained, l.digit, row(l.times, choice(l.letter, l.digit)), dash,
	))
}

func (l *language) germanCommands() {
	l.commands = oneOf(
		entry{int(Yes), `ja, jawohl, genau, richtig, stimmt, korrekt, ja genau, das stimmt, das ist richtig,
			in ordnung, passt`,
			`jo, jep, yep, jap, joa, jaja, ja ja, ganz genau, ist richtig, alles richtig, alles korrekt,
				das ist korrekt, ist korrekt, sicher, klar, natürlich, selbstverständlich, exakt, absolut, ok,
				okay, einverstanden, das passt, passt so, das passt so, stimmt so, das stimmt so,
				das stimmt genau, so ist es, ja das ist richtig, das ist es, jawoll, ja stimmt, ja richtig,
				das ist sie, ganz richtig, freilich, gewiss, auf jeden fall, tut es, das ist genau richtig, gern,
				gerne, alles klar, vollkommen richtig`},
		entry{int(No), `nein, nee, falsch, das ist falsch, stimmt nicht, das stimmt nicht, nicht richtig,
			das ist nicht richtig`,
			`nö, ne, nä, nah, ist falsch, ist nicht richtig, nicht korrekt, das ist nicht korrekt,
				nicht ganz, nicht ganz richtig, das war falsch, verkehrt, das ist verkehrt, auf keinen fall,
				keinesfalls, keineswegs, überhaupt nicht, passt nicht, das passt nicht, eben nicht,
				stimmt so nicht, das stimmt so nicht, stimmt leider nicht, das stimmt leider nicht,
				nein das stimmt nicht, leider nicht, leider nein, nein danke, nicht wirklich, alles falsch,
				das ist leider falsch, unsinn, quatsch, niemals, gar nicht, das ist nicht ganz richtig,
				inkorrekt`},
		entry{int(DontHave), `keine ahnung, habe ich nicht, hab ich nicht, das habe ich nicht,
			ich habe sie nicht, weiß ich nicht, das weiß ich nicht, ich weiß es nicht, ich weiß nicht, vergessen,
			habe ich vergessen, ich habe keine, kenne ich nicht`,
			`hab … nicht, habe … nicht, hätte … nicht, weiß … nicht, weis … nicht, kenne … nicht, kenn … nicht,
				finde … nicht, finds nicht, habs nicht, habs vergessen, finde ich nicht,
				kann mich nicht erinnern, nicht erinnern, erinnere mich nicht, nicht dabei, nicht zur hand,
				nicht parat, nicht da, nicht hier, nicht vorliegen, liegt … nicht vor, nicht bekannt, unbekannt,
				nicht auswendig, keinen schimmer, keinen plan, kein plan, null ahnung, keinen blassen,
				keinen blassen schimmer, verloren, verlegt, verlegt habe, habe kein, hab kein,
				keine … nummer, keine kundennummer, keine pin, keinen code, nicht finden, nicht mehr,
				nicht griffbereit, entfallen, entfallen ist,
				fällt mir nicht ein, fällt … nicht ein, weiß der teufel, nie bekommen, nicht bekommen,
				nie gehabt, besitze … nicht, gibt es nicht, habe … keine, hab … keine, hab … keinen,
				habe … keinen, überspringen, kann ich nicht sagen, kann ich ihnen nicht sagen,
				kann ich leider nicht sagen, keine … dabei, keine … zur hand, bin überfragt, überfragt`},
		entry{int(Agent), `mitarbeiter, mitarbeiterin, einen mitarbeiter, berater, beraterin, einen berater,
			mit einem menschen sprechen, einen menschen, mensch, mit einem mitarbeiter sprechen,
			mit jemandem sprechen, kundenservice, kundendienst, zentrale, agent`,
			`menschen, mitarbeitern, beratern, kundenberater, kundenberaterin, kundenbetreuer, kundenbetreuung,
				sachbearbeiter, sachbearbeiterin, vermittlung, agenten, agentin, operator, servicemitarbeiter,
				servicemitarbeiterin, person, echte person, echten person, echten menschen, echter mensch,
				richtigen menschen, richtiger mensch, lebenden menschen, lebendigen menschen, reale person,
				realen person, mit jemandem, mit jemand, jemand sprechen, jemanden sprechen, jemandem sprechen,
				jemandem reden, jemand reden, jemand echtes, ansprechpartner, ansprechpartnerin, bearbeiter,
				kollegen, kollege, kollegin, hilfe, service, hotline, support, bitte verbinden,
				verbinden sie mich, verbinden, durchstellen, stellen sie mich durch, persönlich sprechen,
				jemand persönliches, rezeption, empfang, chef, vorgesetzten, beratung, berater bitte, fachmann,
				disponent, weiterverbinden, betreuer, persönlichen berater, telefonist, telefonistin,
				angestellten, angestellter`},
		entry{int(Repeat), `wie bitte, noch einmal, nochmal, bitte wiederholen, wiederholen,
			was haben sie gesagt, noch mal, bitte noch einmal, nicht verstanden`,
			`wie, was, bitte, hä, pardon, wiederholung, wiederhole, wiederholen sie, wiederholen sie bitte,
				noch einmal bitte, nochmals, erneut, von vorne, von vorn, das habe ich nicht verstanden,
				habe ich nicht verstanden, hab ich nicht verstanden, habe … nicht verstanden,
				hab … nicht verstanden, nicht gehört, habe … nicht gehört, hab … nicht gehört, nicht mitbekommen,
				habe … nicht mitbekommen, hab … nicht mitbekommen, akustisch nicht verstanden, was war das,
				was sagten sie, was war die frage, wie war das, wie war die frage, die frage, frage,
				verstehe … nicht, versteh … nicht, was soll ich sagen, was soll ich tun, was soll ich machen,
				was wollen sie, was möchten sie, entschuldigung, entschuldigen sie, noch mal von vorne,
				nochmal von vorne, einmal noch, eins noch einmal, bitte was, sagen sie das noch einmal,
				sagen sie das nochmal, was meinen sie, höre nichts, verzeihung, noch einmal hören, anhören`},
		entry{int(Slower), "langsamer, langsam, bitte langsamer, zu schnell, nicht so schnell",
			`etwas langsamer, ein bisschen langsamer, langsamer bitte, langsamer sprechen,
				sprechen sie langsamer, sprechen sie bitte langsamer, noch einmal langsam, nochmal langsam,
				schön langsam, das war zu schnell, das ging zu schnell, ging zu schnell, geht … zu schnell,
				viel zu schnell, war zu schnell, ich bin langsam, mehr zeit, brauche mehr zeit, moment,
				einen moment, kleinen moment, einen augenblick, augenblick, sekunde, eine sekunde, warten,
				warten sie, warte, warten sie bitte, minute, eine minute, geduld, etwas geduld,
				immer mit der ruhe, weniger schnell, nicht ganz so schnell, zeit lassen, hetzen sie nicht`},
		entry{int(KeyIt), `ich tippe, eintippen, ich tippe es ein, ich gebe es ein, eingeben, mit den tasten,
			tasten, tastatur`,
			`tippe, tippen, tippe es, tippe … ein, tipp … ein, tippe sie ein, gebe … ein, geb … ein,
				selbst eingeben, selber eingeben, per tasten, per tastatur, über die tastatur, über die tasten,
				über tasten, mit der tastatur, auf der tastatur, mit tasten, ich wähle, tastenfeld, ziffernblock,
				wahltasten, telefontasten, lieber tippen, lieber eintippen, lieber eingeben, nicht sagen,
				nicht laut sagen, nicht aussprechen, nicht laut aussprechen, drücken, tasten drücken,
				die tasten benutzen, manuell, manuell eingeben, von hand, von hand eingeben, will … nicht sagen,
				möchte … nicht sagen`},
	).called("command")
}
