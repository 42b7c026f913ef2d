package words

// Vocabulary is a set of codes.
type Vocabulary string

const (
	// Names are names given by the company, such as of lines: they have no other word.
	Names Vocabulary = ""
	// Reasons are why a call ended as it did (event.Reason).
	Reasons Vocabulary = "reason"
	// Statuses are what the agent sees (event.Status).
	Statuses Vocabulary = "status"
	// Steps are steps and methods; Methods are several methods, separated by commas.
	Steps   Vocabulary = "step"
	Methods Vocabulary = "methods"
	// Outcomes are keys of a line's routes, and how a call ended that was not handed on.
	Outcomes Vocabulary = "outcome"
	// Sections are what calls are grouped by.
	Sections Vocabulary = "by"
	Weekdays Vocabulary = "weekday"
	// Answers are the remaining words in cells.
	Answers Vocabulary = "answer"
	// Measures are the numbers that are compared.
	Measures Vocabulary = "number"
)

// entry is a code's word and what it means.
type entry struct{ en, enMeans, de, deMeans string }

// vocabularies have every code of the product. A new reason or method needs a row here; a test says which is missing.
var vocabularies = map[Vocabulary]map[string]entry{
	Reasons: reasons,
	Statuses: {
		"verified": {
			"verified", "identified, and proved to be the customer at the level that the line asks for",
			"verifiziert", "identifiziert, und auf der von der Linie verlangten Stufe als Kunde nachgewiesen",
		},
		"identified": {
			"identified only", "we know which customer it is, but there is no proof",
			"nur identifiziert", "wir wissen, welcher Kunde es ist, aber ohne Nachweis",
		},
		"none": {
			"not identified", "we do not know which customer it is",
			"nicht identifiziert", "wir wissen nicht, welcher Kunde es ist",
		},
	},
	Steps:    steps,
	Outcomes: outcomes(),
	Sections: sections,
	Weekdays: {
		"monday": {en: "Monday", de: "Montag"}, "tuesday": {en: "Tuesday", de: "Dienstag"},
		"wednesday": {en: "Wednesday", de: "Mittwoch"}, "thursday": {en: "Thursday", de: "Donnerstag"},
		"friday": {en: "Friday", de: "Freitag"}, "saturday": {en: "Saturday", de: "Samstag"},
		"sunday": {en: "Sunday", de: "Sonntag"},
	},
	Answers: {
		"yes": {en: "yes", de: "ja"},
		"withheld": {
			"withheld", "the caller hid the number", "unterdrückt", "der Anrufer hat die Rufnummer unterdrückt",
		},
		"all": {
			"all", "the whole question; 1, 2, … are its first, second, … attempt in a call",
			"alle", "die ganze Frage; 1, 2, … sind ihr erster, zweiter, … Versuch in einem Anruf",
		},
	},
}

var reasons = map[string]entry{
	"ok": {
		"level reached", "the call reached the level that the line asks for",
		"Stufe erreicht", "der Anruf hat die von der Linie verlangte Stufe erreicht",
	},
	"no_input": {
		"nothing keyed", "the caller answered nothing, too often",
		"keine Eingabe", "der Anrufer hat zu oft nichts eingegeben",
	},
	"no_match": {
		"unusable entries", "too many entries could not be an answer: too short, or a wrong check digit",
		"unbrauchbare Eingaben", "zu viele Eingaben konnten keine Antwort sein: zu kurz oder falsche Prüfziffer",
	},
	"withheld": {
		"number withheld", "the caller hid the number, so it was not looked up",
		"Rufnummer unterdrückt", "der Anrufer hat die Rufnummer unterdrückt, sie wurde nicht gesucht",
	},
	"no_number": {
		"no number", "the call has no number that can be looked up",
		"keine Rufnummer", "der Anruf hat keine Rufnummer, nach der man suchen kann",
	},
	"several": {
		"shared number", "several customers have the number, or one with the same keys, so it identifies none of them",
		"geteilte Nummer", "mehrere Kunden haben die Nummer oder eine mit denselben Tasten, also identifiziert sie keinen",
	},
	"not_found": {
		"no such customer", "nobody has the number that was looked up or keyed",
		"Kunde nicht gefunden", "niemand hat die gesuchte oder eingegebene Nummer",
	},
	"wrong_answer": {
		"wrong answers", "too many wrong answers to a security question",
		"falsche Antworten", "zu viele falsche Antworten auf eine Sicherheitsfrage",
	},
	"opted_out": {
		"opted out", "the caller keyed that they do not have it",
		"verzichtet", "der Anrufer hat eingegeben, dass er die Angabe nicht hat",
	},
	"not_enrolled": {
		"nothing on file", "there is nothing on file that the customer could be asked for",
		"nichts hinterlegt", "es ist nichts hinterlegt, wonach man den Kunden fragen könnte",
	},
	"unavailable": {
		"fault of ours", "one of our systems failed; the caller made no mistake",
		"Störung bei uns", "eines unserer Systeme ist ausgefallen; der Anrufer hat nichts falsch gemacht",
	},
	"locked": {
		"locked", "verification is locked after too many wrong answers for this customer",
		"gesperrt", "die Verifizierung ist nach zu vielen falschen Antworten für diesen Kunden gesperrt",
	},
	"velocity": {
		"too many attempts", "too many attempts came from this telephone number",
		"zu viele Versuche", "von dieser Rufnummer kamen zu viele Versuche",
	},
	"untrusted": {
		"number not trusted", "the network doubts the caller's number, or does not attest it enough for this line",
		"Rufnummer zweifelhaft", "das Netz zweifelt an der Rufnummer, oder bestätigt sie für diese Linie nicht genug",
	},
	"void": {
		"code expired", "the one-time code became invalid: too many tries, or too late",
		"Code verfallen", "der Einmalcode wurde ungültig: zu viele Versuche oder zu spät",
	},
	"send_limit": {
		"too many codes sent", "no more one-time codes may be sent to the number for now",
		"zu viele Codes versandt", "an die Nummer dürfen vorerst keine weiteren Einmalcodes gesandt werden",
	},
	"not_heard": {
		"not understood", "what the caller said was not understood, too often",
		"nicht verstanden", "was der Anrufer sagte, wurde zu oft nicht verstanden",
	},
	"closed": {
		"closed", "outside of the line's opening hours", "geschlossen", "außerhalb der Öffnungszeiten der Linie",
	},
	"too_long": {
		"took too long", "the call reached its limit of time or of actions",
		"zu lang", "der Anruf hat seine Grenze an Zeit oder Schritten erreicht",
	},
	"corrected": {
		"back to the number", "the caller went back to key their number again",
		"zurück zur Nummer", "der Anrufer ging zurück, um seine Nummer noch einmal einzugeben",
	},
	"denied": {
		"not calling", "the customer says on their own page that they are not calling: the caller is somebody else",
		"ruft nicht an", "der Kunde sagt auf seiner eigenen Seite, dass er nicht anruft: der Anrufer ist jemand anders",
	},
	"hung_up": {
		"hung up", "the caller hung up first", "aufgelegt", "der Anrufer hat vorher aufgelegt",
	},
}

var steps = map[string]entry{
	"none": {
		"no step", "the call failed at no step, such as one that took too long",
		"kein Schritt", "der Anruf ist an keinem Schritt gescheitert, etwa weil er zu lange dauerte",
	},
	"greeting": {"greeting", "the first words of the line", "Begrüßung", "die ersten Worte der Linie"},
	"language": {"language menu", "the caller chooses a language", "Sprachauswahl", "der Anrufer wählt eine Sprache"},
	"have_account": {
		"account question", "asks whether the caller has an account",
		"Frage nach dem Konto", "fragt, ob der Anrufer ein Konto hat",
	},
	"remember_number": {
		"remember the number", "asks whether to remember the number that the caller calls from",
		"Rufnummer merken", "fragt, ob die Rufnummer des Anrufers gemerkt werden soll",
	},
	"wait": {
		"wait time", "how long the caller waits for an agent", "Wartezeit", "wie lange der Anrufer auf einen Mitarbeiter wartet",
	},
	"confirmation": {
		"confirmation", "the words to a verified caller", "Bestätigung", "die Worte an einen verifizierten Anrufer",
	},
	"failure": {
		"failure", "the words to a caller who is not verified",
		"Fehlschlag", "die Worte an einen Anrufer, der nicht verifiziert ist",
	},
	"closed":  {"closed", "the words outside of opening hours", "geschlossen", "die Worte außerhalb der Öffnungszeiten"},
	"step_up": {"step-up", "the words before further questions", "Nachweis", "die Worte vor weiteren Fragen"},
	"ani": {
		"caller number", "the number that the caller calls from (ANI)",
		"Rufnummer", "die Nummer, von der der Anrufer anruft (ANI)",
	},
	"account":  {"account number", "keyed by the caller", "Kontonummer", "vom Anrufer eingegeben"},
	"customer": {"customer number", "keyed by the caller", "Kundennummer", "vom Anrufer eingegeben"},
	"phone": {
		"telephone number", "a number on file, keyed by the caller",
		"Telefonnummer", "eine hinterlegte Nummer, vom Anrufer eingegeben",
	},
	"tracking": {"tracking number", "keyed by the caller", "Sendungsnummer", "vom Anrufer eingegeben"},
	"token": {
		"token", "a proof from another channel, such as the company's app",
		"Token", "ein Nachweis aus einem anderen Kanal, etwa der App der Firma",
	},
	"pin": {"PIN", "the secret number, keyed by the caller", "PIN", "die Geheimzahl, vom Anrufer eingegeben"},
	"birth_date": {
		"date of birth", "keyed by the caller", "Geburtsdatum", "vom Anrufer eingegeben",
	},
	"passphrase": {
		"passphrase", "the secret words, spoken by the caller", "Kennsatz", "die geheimen Wörter, vom Anrufer gesprochen",
	},
	"sms_code": {
		"code by SMS", "a one-time code sent to a telephone on file",
		"Code per SMS", "ein Einmalcode an ein hinterlegtes Telefon",
	},
	"totp": {
		"authenticator code", "a one-time code of the customer's authenticator app (TOTP)",
		"Authenticator-Code", "ein Einmalcode der Authenticator-App des Kunden (TOTP)",
	},
	"app_link": {
		"link to the page", "a link sent to a telephone on file, and the digits that the call speaks, keyed on its page",
		"Link zur Seite", "ein Link an ein hinterlegtes Telefon, auf dessen Seite die Ziffern aus dem Anruf eingegeben wurden",
	},
	"passkey": {
		"passkey", "a passkey on the customer's page, whose device has checked who holds it",
		"Passkey", "ein Passkey auf der Seite des Kunden, dessen Gerät geprüft hat, wer es in der Hand hat",
	},
	"password": {
		"password", "the login to the company's website or app", "Passwort", "die Anmeldung an Website oder App der Firma",
	},
	"app": {
		"app", "the company's app on a device of the customer", "App", "die App der Firma auf einem Gerät des Kunden",
	},
}

var sections = map[string]entry{
	"total": {"total", "all calls of the report", "gesamt", "alle Anrufe des Berichts"},
	"line": {
		"line", "the service line that answered", "Linie", "die Servicelinie, die den Anruf angenommen hat",
	},
	"day": {"day", "the day on which a call began", "Tag", "der Tag, an dem ein Anruf begann"},
	"week": {
		"week", "Monday to Sunday, numbered as in ISO 8601", "Woche", "Montag bis Sonntag, nummeriert nach ISO 8601",
	},
	"month": {"month", "a month of the calendar", "Monat", "ein Kalendermonat"},
	"quarter": {
		"quarter", "three months of the calendar: Q1 is January to March",
		"Quartal", "drei Kalendermonate: Q1 ist Januar bis März",
	},
	"weekday": {
		"weekday", "a day of the week, over all weeks of the period",
		"Wochentag", "ein Tag der Woche, über alle Wochen des Zeitraums",
	},
	"hour": {
		"hour", "an hour of the day, over all days of the period",
		"Stunde", "eine Stunde des Tages, über alle Tage des Zeitraums",
	},
	"reason": {"reason", "why calls failed", "Grund", "warum Anrufe gescheitert sind"},
	"step":   {"step", "the step at which calls failed", "Schritt", "der Schritt, an dem Anrufe gescheitert sind"},
	"methods": {
		"methods", "the ways in which callers were identified and verified, in this order",
		"Verfahren", "wie Anrufer identifiziert und verifiziert wurden, in dieser Reihenfolge",
	},
}

// outcomes are the statuses, because they are the usual keys of routes, and the ends of calls.
func outcomes() map[string]entry {
	all := map[string]entry{
		"verified": {
			"verified", "sent where verified callers go", "verifiziert", "dorthin geleitet, wohin verifizierte Anrufer gehen",
		},
		"identified": {
			"identified only", "sent where callers go who are identified only",
			"nur identifiziert", "dorthin geleitet, wohin nur identifizierte Anrufer gehen",
		},
		"unidentified": {
			"not identified", "sent where callers go who are not identified",
			"nicht identifiziert", "dorthin geleitet, wohin nicht identifizierte Anrufer gehen",
		},
		"failed": {
			"failed", "sent where callers go who did not pass the questions",
			"gescheitert", "dorthin geleitet, wohin Anrufer gehen, die die Fragen nicht bestanden haben",
		},
		"returned": {
			"came back", "sent back to where the call came from", "zurück", "dorthin zurückgeleitet, woher der Anruf kam",
		},
		"routed": {"handed on", "the call was handed on", "weitergeleitet", "der Anruf wurde weitergeleitet"},
		"abandoned": {
			"abandoned", "the caller hung up before the call was handed on",
			"abgebrochen", "der Anrufer hat vor der Weiterleitung aufgelegt",
		},
		"released": {
			"released", "not handed on by us: the telephone system took the caller to an agent",
			"freigegeben", "nicht von uns weitergeleitet: die Telefonanlage brachte den Anrufer zu einem Agenten",
		},
		"interrupted": {
			"interrupted", "we stopped in the middle of the call: the telephone system took the caller to an agent",
			"unterbrochen", "wir wurden mitten im Anruf beendet: die Telefonanlage brachte den Anrufer zu einem Agenten",
		},
	}
	for _, code := range []string{"closed", "locked", "opted_out", "unavailable"} {
		all[code] = reasons[code]
	}
	return all
}
