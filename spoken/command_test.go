package spoken

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// said are sentences with the command that each is, by lines.
func saidTable(t *testing.T, language string, table map[Command]string) {
	t.Helper()
	for want, sentences := range table {
		for sentence := range strings.Lines(sentences) {
			if sentence = strings.TrimSpace(sentence); sentence == "" {
				continue
			}
			got, rest := CommandIn(language, []byte(sentence))
			assert.Equal(t, want, got, "%q", sentence)
			assert.Empty(t, rest, "%q", sentence)
		}
	}
}

func TestCommandsInEnglish(t *testing.T) {
	t.Parallel()
	saidTable(t, "en", map[Command]string{
		Yes: `yes
			Yes!
			yep
			yeah
			yes please
			yes, that's right
			that's right
			That’s correct.
			that is correct
			correct
			right
			um, yes
			okay
			okay, sorry
			sorry, okay
			sure
			yes it is
			it is
			exactly
			of course
			well, yes
			absolutely
			yes yes
			yes, correct, thank you`,
		No: `no
			nope
			No.
			no no
			no thanks
			wrong
			that's wrong
			that is not right
			that's not right
			not right
			incorrect
			no it isn't
			no, that is wrong
			not quite
			sorry, no
			well no
			no, sorry
			uh no`,
		DontHave: `I don't have it
			I dont have it
			I do not have it
			I don’t have one
			I don't have that
			I don't have my number
			I don't have my account number with me
			I don't have it right now
			I don't have it on me
			I don't have it at hand
			sorry, I don't have it
			no, I don't have it
			don't know
			I don't know
			I don't know it
			I don't know my account number
			I don't know what that is
			no idea
			I have no idea
			I've no idea
			I forgot
			I forgot it
			I forgot my PIN
			I have forgotten it
			I've forgotten my code
			I can't remember
			I can't remember it right now
			I don't remember
			I do not remember my number
			I haven't got it
			I haven't got one
			I lost it
			I lost my card
			I can't find it
			I cannot find my card
			skip
			skip this
			I don't recall
			I have no account number
			unfortunately I don't have it
			I'm afraid I don't have it
			not a clue`,
		Agent: `agent
			an agent
			agent please
			agent!
			representative
			a representative please
			operator
			the operator
			human
			a human
			a human being
			a real person
			person
			customer service
			speak to an agent
			I want to speak to an agent
			I want to talk to a human
			I'd like to speak to a representative
			I would like to talk to a real person please
			can I speak to someone
			can I talk to a person
			could you connect me to an operator
			please transfer me to an agent
			give me a human
			get me an agent now
			connect me with customer service
			let me talk to somebody
			yes, an agent
			no, I want an agent
			I don't have it, give me an agent
			put me through to a person
			help
			I need help
			live person
			supervisor`,
		Repeat: `repeat
			repeat that
			repeat that please
			can you repeat that
			could you repeat that please
			please repeat it
			pardon
			pardon me
			I beg your pardon
			say again
			say that again
			say it again please
			can you say that again
			again
			once more
			one more time
			sorry
			sorry?
			what
			what did you say
			what was that
			excuse me
			I didn't hear that
			I didn't understand
			I don't understand
			come again
			huh
			what was the question`,
		Slower: `slower
			slower please
			more slowly
			slowly
			slow down
			too fast
			that's too fast
			that was too fast
			you're too fast
			not so fast
			can you speak more slowly
			could you say that again more slowly
			please repeat it slower
			a bit slower
			one moment please
			hold on
			just a minute
			I need more time`,
		KeyIt: `I'd rather key it
			I would rather key it
			I'll key it
			I'll type it
			let me type it
			can I type it in
			I'd rather type it
			type it
			key it in
			I'd prefer to key it
			use the keypad
			I want to use the keypad
			keypad
			I'd rather not say it
			I don't want to say it
			I'll enter it on the keypad
			I'll enter it by hand`,
		None: `hello
			um
			please
			thank you
			I would like to
			can I
			four five six
			I don't have it four five six
			agent four
			yes four five six
			yes and no
			yes no
			yes but the last digit is nine
			is that right
			right now
			is it correct
			I don't want an agent
			I do not need an agent
			my dog is called Agent
			representative democracy
			I have it
			I know it
			fast
			my name is Pardon
			yes I am not sure
			the weather is nice
			correct me`,
	})
}

func TestCommandsInGerman(t *testing.T) {
	t.Parallel()
	saidTable(t, "de", map[Command]string{
		Yes: `ja
			Ja!
			ja bitte
			ja, genau
			genau
			richtig
			das ist richtig
			stimmt
			das stimmt
			ja das stimmt
			korrekt
			jawohl
			passt
			in Ordnung
			äh ja
			ja ja
			stimmt so
			ja, das ist korrekt, danke
			sicher
			okay
			okay bitte
			bitte, okay
			jo
			also ja`,
		No: `nein
			nee
			nö
			Nein, danke
			nein nein
			falsch
			das ist falsch
			das stimmt nicht
			stimmt nicht
			nicht richtig
			das ist nicht richtig
			das ist leider falsch
			nein, das ist falsch
			nicht ganz
			leider nein
			verkehrt
			äh nein`,
		DontHave: `keine Ahnung
			ich habe keine Ahnung
			hab ich nicht
			habe ich nicht
			das habe ich nicht
			die habe ich nicht
			das habe ich gerade nicht
			die hab ich leider nicht dabei
			ich habe sie nicht
			ich habe die Nummer nicht
			ich habe meine Kundennummer nicht dabei
			ich habe die Nummer gerade nicht zur Hand
			ich habe keine
			ich habe keine Kundennummer
			nein, habe ich nicht
			nein, die habe ich nicht
			weiß ich nicht
			das weiß ich nicht
			weiss ich nicht
			ich weiß es nicht
			ich weiß nicht
			ich weiß die Nummer nicht
			vergessen
			habe ich vergessen
			die habe ich vergessen
			ich habe es vergessen
			ich habe meine PIN vergessen
			kenne ich nicht
			ich kenne sie nicht
			ich kann mich nicht erinnern
			finde ich nicht
			ich finde sie nicht
			nicht zur Hand
			nicht dabei
			leider nicht dabei
			tut mir leid, die habe ich nicht
			unbekannt
			verloren
			hätte ich jetzt nicht
			fällt mir nicht ein`,
		Agent: `Mitarbeiter
			einen Mitarbeiter bitte
			Mitarbeiterin
			Berater
			ich möchte einen Berater
			ich möchte mit einem Menschen sprechen
			mit einem Menschen sprechen
			bitte mit einem Mitarbeiter sprechen
			ich will mit einem Mitarbeiter sprechen
			ich würde gerne mit jemandem sprechen
			kann ich bitte mit einem Berater reden
			verbinden Sie mich mit einem Mitarbeiter
			bitte verbinden
			verbinden Sie mich bitte
			Kundenservice
			Kundendienst
			Zentrale
			Mensch
			einen echten Menschen bitte
			geben Sie mir einen Mitarbeiter
			nein, ich möchte einen Mitarbeiter
			ja, ich möchte bitte einen Berater
			habe ich nicht, einen Mitarbeiter bitte
			Sachbearbeiter
			Kundenberater
			Hilfe
			Agent
			Operator`,
		Repeat: `wie bitte
			Wie bitte?
			noch einmal
			noch einmal bitte
			bitte noch einmal
			nochmal
			noch mal bitte
			wiederholen
			bitte wiederholen
			können Sie das bitte wiederholen
			wiederholen Sie das bitte
			wie
			was
			bitte
			was haben Sie gesagt
			nicht verstanden
			das habe ich nicht verstanden
			ich habe Sie nicht verstanden
			ich habe das nicht verstanden
			Entschuldigung
			von vorne
			was war die Frage
			sagen Sie das noch einmal
			hä
			pardon`,
		Slower: `langsamer
			langsamer bitte
			bitte langsamer
			etwas langsamer
			langsam
			zu schnell
			das war zu schnell
			nicht so schnell
			können Sie bitte langsamer sprechen
			noch einmal langsam
			bitte noch einmal langsamer
			einen Moment
			einen Moment bitte
			Moment
			warten Sie
			ich brauche mehr Zeit`,
		KeyIt: `ich tippe
			ich tippe es ein
			ich tippe lieber
			ich möchte lieber tippen
			eintippen
			eingeben
			ich gebe es ein
			ich gebe die Nummer ein
			ich möchte es selbst eingeben
			mit den Tasten
			Tastatur
			über die Tastatur
			ich möchte das nicht laut sagen`,
		None: `hallo
			äh
			danke
			ich möchte
			vier fünf sechs
			keine Ahnung vier
			Mitarbeiter vier
			ja vier fünf
			ja nein
			ja, aber die letzte ist eine neun
			ist das richtig
			ich möchte keinen Mitarbeiter
			ich habe sie
			ich weiß es
			mein Hund heißt Agent
			das Wetter ist schön
			na gut
			ich möchte nicht`,
	})
}

func TestWhatFollowsNoIsReturned(t *testing.T) {
	t.Parallel()
	for sentence, want := range map[string]string{
		"no, four five six":                    "four five six",
		"No. Four, five, six.":                 "Four, five, six.",
		"no no 456":                            "no 456",
		"um, no, uh, four":                     "four",
		"sorry no, it's four five six":         "it's four five six",
		"that's wrong, the last two are one 2": "the last two are one 2",
		"no I would like to":                   "I would like to",
		"nope yes four":                        "yes four",
	} {
		command, rest := CommandIn("en", []byte(sentence))
		assert.Equal(t, No, command, "%q", sentence)
		assert.Equal(t, want, string(rest), "%q", sentence)
	}
	for sentence, want := range map[string]string{
		"nein, vier fünf sechs":             "vier fünf sechs",
		"nee, äh, vier":                     "vier",
		"nein, am Ende fünf sechs":          "am Ende fünf sechs",
		"das stimmt nicht, vier fünf":       "vier fünf",
		"nein u\u0308bel":                   "u\u0308bel",
		"das ist falsch, richtig wäre vier": "richtig wäre vier",
	} {
		command, rest := CommandIn("de", []byte(sentence))
		assert.Equal(t, No, command, "%q", sentence)
		assert.Equal(t, want, string(rest), "%q", sentence)
	}
}

func TestTheRestIsPartOfWhatWasSaid(t *testing.T) {
	t.Parallel()
	words := []byte("no four five")
	_, rest := CommandIn("en", words)
	clear(words)
	assert.Equal(t, make([]byte, len("four five")), rest, "wiping one wipes the other")
}

func TestCommandsHaveNames(t *testing.T) {
	t.Parallel()
	var names []string
	for c := None; c <= KeyIt; c++ {
		names = append(names, c.String())
	}
	assert.Equal(t, "none yes no dont_have agent repeat slower key_it", strings.Join(names, " "))
}
