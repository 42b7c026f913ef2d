package words

// german has the German of every English text in reports.
var german = map[string]string{
	// titles
	"Identified, verified, failed":      "Identifiziert, verifiziert, gescheitert",
	"Identified by caller number (ANI)": "Durch die Rufnummer identifiziert (ANI)",
	"Verified callers":                  "Verifizierte Anrufer",
	"Failed, and why":                   "Gescheitert, und warum",
	"What was asked, and the results":   "Was gefragt wurde, und mit welchem Ergebnis",
	"Calls":                             "Anrufe",

	// columns and numbers
	"By": "Nach", "What": "Was", "By ANI": "Per ANI", "ANI %": "ANI %", "Otherwise": "Anders", "Otherw. %": "Anders %",
	"Not ident.": "Nicht id.", "Not id. %": "Nicht id. %", "Identified": "Identifiziert", "Verified": "Verifiziert",
	"Ver. %": "Ver. %", "Failed": "Gescheitert", "Fail. %": "Gesch. %", "Share %": "Anteil %",
	"Identified only": "Nur identifiziert", "Level 3": "Stufe 3", "Lvl. 3 %": "Stufe 3 %", "Mean s": "Mittel s",
	"Median s": "Median s", "p95 s": "p95 s", "Abandoned": "Abgebrochen", "Opted out": "Verzichtet", "Locked": "Gesperrt",
	"Unavail.": "Störung", "Closed": "Geschlossen", "Step-ups": "Nachweise", "Line": "Linie", "Question": "Frage",
	"Attempt": "Versuch", "Asked": "Gefragt", "Success": "Erfolg", "Succ. %": "Erfolg %", "Wrong": "Falsch",
	"No input": "Keine Eing.", "No match": "Unbrauchb.", "Opt-out": "Verzichtet", "Hung up": "Aufgelegt",
	"s/success": "s/Erfolg", "Total s": "Gesamt s", "Errors": "Fehler", "Served": "Bedient", "Said": "Gesprochen", "Slow": "Langsam", "Started": "Beginn",
	"Caller": "Anrufer", "Status": "Status", "Level": "Stufe", "Reason": "Grund", "Failed at": "Gescheitert an",
	"Customer": "Kunde", "Seconds": "Sekunden", "Call": "Anruf", "Outcome": "Ausgang", "Sent to": "Geleitet an",
	"Methods": "Verfahren", "Identified by": "Identifiziert durch", "To verdict s": "Bis Urteil s", "Step-up": "Nachweis",
	"Agent": "Agent", "To agent s": "Bis Agent s", "Talk s": "Gespräch s",
	"First": "Zuerst", "Identified by ANI": "Per ANI identifiziert", "Identified otherwise": "Anders identifiziert",
	"Not identified": "Nicht identifiziert", "At level 3": "Auf Stufe 3", "Median (seconds)": "Median (Sekunden)",
	"95 % within (seconds)": "95 % innerhalb (Sekunden)", "Measure": "Messwert", "Now": "Jetzt", "Before": "Davor",
	"Change": "Änderung", "Change %": "Änderung %",

	// what columns mean
	"what the calls of a row have in common":                "was die Anrufe einer Zeile gemeinsam haben",
	"which line, day, … it is":                              "welche Linie, welcher Tag, … es ist",
	"the calls that began in the period":                    "die Anrufe, die im Zeitraum begannen",
	"identified in another way than by the caller's number": "anders als durch die Rufnummer identifiziert",
	"identified otherwise, in percent of calls":             "anders identifiziert, in Prozent der Anrufe",
	"not identified: we do not know which customer it is": "nicht identifiziert: " +
		"wir wissen nicht, welcher Kunde es ist",
	"not identified, in percent of calls":                 "nicht identifiziert, in Prozent der Anrufe",
	"we know which customer it is, but there is no proof": "wir wissen, welcher Kunde es ist, aber ohne Nachweis",
	"identified by ANI: the caller's number alone says which customer it is": "durch ANI identifiziert: " +
		"die Rufnummer allein sagt, welcher Kunde es ist",
	"identified by ANI, in percent of calls": "durch ANI identifiziert, in Prozent der Anrufe",
	"the caller proved to be the customer, at the level that the line asks for": "der Anrufer hat auf der von der Linie " +
		"verlangten Stufe nachgewiesen, der Kunde zu sein",
	"verified, in percent of calls": "verifiziert, in Prozent der Anrufe",
	"sent to an agent without the level that the line asks for": "ohne die von der Linie verlangte Stufe zu einem " +
		"Agenten geleitet",
	"failed, in percent of calls":                      "gescheitert, in Prozent der Anrufe",
	"the row's part of all failed calls, in percent":   "der Teil der Zeile an allen gescheiterten Anrufen, in Prozent",
	"the row's part of all verified calls, in percent": "der Teil der Zeile an allen verifizierten Anrufen, in Prozent",
	"verified by knowledge and possession together":    "durch Wissen und Besitz zusammen verifiziert",
	"level 3, in percent of verified calls":            "Stufe 3, in Prozent der verifizierten Anrufe",
	"we know which customer it is, by the number or otherwise, whether verified or not": "wir wissen, welcher Kunde es " +
		"ist, durch die Rufnummer oder anders, verifiziert oder nicht",
	"the caller hung up before the call was handed on": "der Anrufer hat vor der Weiterleitung aufgelegt",
	"the caller did not have what was asked for":       "der Anrufer hatte nicht, wonach gefragt wurde",
	"the customer or the caller's number was locked":   "der Kunde oder die Rufnummer war gesperrt",
	"unavailable: one of our systems failed":           "eines unserer Systeme ist ausgefallen",
	"outside of opening hours":                         "außerhalb der Öffnungszeiten",
	"questions for a higher level in the middle of a call, and calls that came back; they count in no " +
		"other column": "Fragen für eine höhere Stufe mitten im Anruf, und zurückgekehrte " +
		"Anrufe; sie zählen in keiner anderen Spalte",
	"the average of the seconds from the start of a call to its verdict": "der Durchschnitt der Sekunden vom Beginn " +
		"eines Anrufs bis zu seinem Urteil",
	"half of the calls need no more seconds to their verdict": "die Hälfte der Anrufe braucht nicht mehr Sekunden bis " +
		"zum Urteil",
	"95 % of the calls need no more seconds to their verdict": "95 % der Anrufe brauchen nicht mehr Sekunden bis zum " +
		"Urteil",
	"the service line that asked":                           "die Servicelinie, die gefragt hat",
	"the step that asks":                                    "der Schritt, der fragt",
	"the first, second, … time that it was asked in a call": "zum ersten, zweiten, … Mal in einem Anruf gefragt",
	"how often it was asked":                                "wie oft gefragt wurde",
	"how often the caller answered by voice":                "wie oft der Anrufer gesprochen hat",
	"how often the caller had more time, because they needed or wanted it": "wie oft der Anrufer mehr Zeit hatte, weil er sie " +
		"brauchte oder wollte",
	"how often it was passed, or answered rightly": "wie oft bestanden oder richtig geantwortet wurde",
	"success, in percent of asked":                 "Erfolg, in Prozent von Gefragt",
	"a valid answer, but wrong":                    "eine mögliche Antwort, aber falsch",
	"nothing was keyed or said":                    "nichts wurde eingegeben oder gesagt",
	"the entry could not be an answer: too short, or a wrong check digit": "die Eingabe konnte keine Antwort sein: " +
		"zu kurz oder falsche Prüfziffer",
	"the caller does not have it":             "der Anrufer hat es nicht",
	"the caller hung up at this question":     "der Anrufer hat bei dieser Frage aufgelegt",
	"the average of the seconds that it took": "der Durchschnitt der Sekunden, die es dauerte",
	"the cost of one success: the seconds of everybody who was asked, divided by the successes": "die Kosten eines " +
		"Erfolgs: die Sekunden aller Gefragten, geteilt durch die Erfolge",
	"the seconds of everybody who was asked": "die Sekunden aller Gefragten",
	"one of our systems failed":              "eines unserer Systeme ist ausgefallen",
	"the caller asked for something else, such as to resend the code, and got it": "der Anrufer wollte etwas anderes, " +
		"etwa den Code noch einmal, und bekam es",
	"when the call reached us":                    "wann der Anruf bei uns ankam",
	"the service line that answered":              "die Servicelinie, die den Anruf angenommen hat",
	"the last four digits of the caller's number": "die letzten vier Ziffern der Rufnummer",
	"what the agent saw":                          "was der Agent sah",
	"0 unknown, 1 identified, 2 verified, 3 by knowledge and possession": "0 unbekannt, 1 identifiziert, 2 verifiziert, " +
		"3 durch Wissen und Besitz",
	"why the call ended like this":  "warum der Anruf so endete",
	"the step at which it failed":   "der Schritt, an dem er scheiterte",
	"the customer's id":             "die Kennung des Kunden",
	"how long the call was with us": "wie lange der Anruf bei uns war",
	"the call's id; its end is enough for countersign replay": "die Kennung des Anrufs; ihr Ende genügt für countersign " +
		"replay",
	"which of the line's routes it took, or how it ended without one": "welchen Weg der Linie er nahm, oder wie er ohne " +
		"einen endete",
	"where it was handed on to": "wohin er weitergeleitet wurde",
	"what the caller was identified and verified by, in this order": "wodurch der Anrufer identifiziert und verifiziert " +
		"wurde, in dieser Reihenfolge",
	"what first said which customer it is":                  "was zuerst sagte, welcher Kunde es ist",
	"the seconds from the start of the call to its verdict": "die Sekunden vom Beginn des Anrufs bis zum Urteil",
	"questions for a higher level in the middle of a call":  "Fragen für eine höhere Stufe mitten im Anruf",
	"the call's first id, if it came back to us":            "die erste Kennung des Anrufs, wenn er zu uns zurückkam",
	"who of the staff took the call first":                  "wer vom Personal den Anruf zuerst annahm",
	"the seconds that the caller waited for the agent, since they joined the queue or were handed on": "die Sekunden, die " +
		"der Anrufer auf den Agenten wartete, seit er in der Warteschlange war oder weitergeleitet wurde",
	"the seconds that agents talked":                        "die Sekunden, die Agenten sprachen",
	"which number of the report is compared":                "welche Zahl des Berichts verglichen wird",
	"in this period":                                        "in diesem Zeitraum",
	"in the period before":                                  "im Zeitraum davor",
	"now less before; of percentages, in percentage points": "jetzt weniger davor; bei Prozenten in Prozentpunkten",
	"the change in percent of before; – if that was nothing, is not complete, or is a percentage itself": "die Änderung " +
		"in Prozent von davor; – wenn das nichts war, nicht vollständig ist, oder selbst ein Prozentwert ist",

	// notes
	"A call counts on the day on which it began. Step-ups and calls that came back to us count as " +
		"step-ups and nowhere else.": "Ein Anruf zählt an dem Tag, an dem er begann. Nachweise und zu uns zurückgekehrte " +
		"Anrufe zählen als Nachweise und sonst nirgends.",
	"Percentages are of calls. Calls that are neither verified nor failed: the caller hung up before, " +
		"called outside of opening hours, or the line only identifies.": "Prozente beziehen sich auf Anrufe. Anrufe, die " +
		"weder verifiziert noch gescheitert sind: der Anrufer hat vorher aufgelegt, rief außerhalb der Öffnungszeiten " +
		"an, oder die Linie identifiziert nur.",
	"Which calls: countersign report calls --failed --reason REASON --step STEP; JSON and CSV have the " +
		"codes for it.": "Welche Anrufe: countersign report calls --failed --reason GRUND --step SCHRITT; JSON und CSV " +
		"haben die Codes dafür.",
	"A question is a step of the line; the results of its attempts are added up. The seconds of a " +
		"question are those of the whole step, with prompts and lookups; of an attempt, from the prompt to " +
		"the answer. Step-ups count too.": "Eine Frage ist ein Schritt der Linie; die Ergebnisse ihrer Versuche sind " +
		"zusammengezählt. Die Sekunden einer Frage sind die des ganzen Schritts, mit Ansagen und Suchen; die eines " +
		"Versuchs gehen von der Ansage bis zur Antwort. Nachweise zählen mit.",
	"A call belongs to the day on which it began.":     "Ein Anruf gehört zu dem Tag, an dem er begann.",
	"There were no calls in this period.":              "In diesem Zeitraum gab es keine Anrufe.",
	"Tests by staff are left out: ask for them alone.": "Proben von Mitarbeitern sind weggelassen: sie lassen sich einzeln anzeigen.",
	"There were no such calls in this period.":         "In diesem Zeitraum gab es keine solchen Anrufe.",
	"Nothing was asked in this period.":                "In diesem Zeitraum wurde nichts gefragt.",
	"No events have been counted yet; a service with the role reporting counts them.": "Noch sind keine Ereignisse " +
		"gezählt; ein Dienst mit der Rolle reporting zählt sie.",
	"Events are counted until %s; later ones are missing until a service with the role reporting runs.": "Ereignisse " +
		"sind bis %s gezählt; spätere fehlen, bis ein Dienst mit der Rolle reporting läuft.",
	"Not all events were counted when this report was made: calls may be missing.": "Als dieser Bericht entstand, waren " +
		"nicht alle Ereignisse gezählt: Anrufe können fehlen.",

	// charts
	"%s by %s":                         "%s nach %s",
	"Verified and failed":              "Verifiziert und gescheitert",
	"Identified by ANI and otherwise":  "Per ANI und anders identifiziert",
	"Asked, and answered with success": "Gefragt, und mit Erfolg beantwortet",
	"the rest of %s":                   "der Rest von %s",
	", the last %d of %d":              ", die letzten %d von %d",

	// around the report
	"all lines": "alle Linien", "line %s": "Linie %s", "lines %s": "Linien %s", "Page %d of %s": "Seite %d von %s",
	"The period is not over: both periods are compared up to the same moment, %s and %s.": "Der Zeitraum ist noch nicht " +
		"zu Ende: beide Zeiträume sind bis zum gleichen Zeitpunkt verglichen, %s und %s.",
	"This period has %d days, the one before %d.": "Dieser Zeitraum hat %d Tage, der davor %d.",
	"The period before is not complete: the first call that is counted began at %s. Changes in percent would " +
		"mislead.": "Der Zeitraum davor ist nicht vollständig: der erste gezählte Anruf begann um " +
		"%s. Änderungen in Prozent führten irre.",
	"compared with %s": "verglichen mit %s",
	"%s to %s":         "%s bis %s", "%s until %s": "%s bis vor %s",
	"failed": "gescheitert", "step-ups": "Nachweise", "tests by staff": "Proben von Mitarbeitern", "status": "Status", "reason": "Grund", "customer": "Kunde",
	"caller": "Anrufer", "identified by": "identifiziert durch", "failed at": "gescheitert an",
	"methods": "Verfahren", "asked": "gefragt",
	"Counts are rounded to fives and fewer than five are left out, so that nobody can be recognised. " +
		"Percentages are of the rounded counts.": "Anzahlen sind auf Fünfer gerundet, und weniger als fünf fehlen, damit " +
		"niemand zu erkennen ist. Prozente beziehen sich auf die gerundeten Anzahlen.",
	"%d of %d rows are shown; pdf, csv, xlsx and json have all (calls: as many as --limit says).": "%d von %d Zeilen " +
		"sind gezeigt; pdf, csv, xlsx und json haben alle (calls: so viele, wie --limit sagt).",
	"? stands for letters that this page cannot show; the other formats have them.": "? steht für Buchstaben, die diese " +
		"Seite nicht zeigen kann; die anderen Formate haben sie.",
	"Left out because the terminal is too narrow: %s.": "Weggelassen, weil das Terminal zu schmal ist: %s.",
	"Period": "Zeitraum", "Time zone": "Zeitzone", "Of": "Von", "Made": "Erstellt", "About": "Über",
	"1 row": "1 Zeile", "%d rows": "%d Zeilen", "The report is attached.": "Der Bericht ist angehängt.",
	"local time, %s, UTC%s": "Ortszeit, %s, UTC%s",
}
