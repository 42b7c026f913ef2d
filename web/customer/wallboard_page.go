package customer

import (
	"embed"
	"fmt"
	"html/template"

	"countersign/waiting"
	"countersign/web/asset"
)

//go:embed pages
var files embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{"asset": asset.URL}).ParseFS(files, "pages/*.html"))

// texts are what the page says, by language.
var texts = map[string]map[string]string{
	"en": {
		"title": "How long you wait", "unknown": "We do not know right now.", "nobody": "Nobody takes calls now.",
		"free": "Somebody is free for you now.", "less": "Less than a minute", "range": "%d to %d minutes",
		"about": "About %d minutes", "up_to": "Up to %d minutes", "more": "More than %d minutes", "as_of": "as of %s",
		"right": "In the last 30 days %d of 10 waited less than we said.", "best": "Usually shorter today from %s.",
		"instead": "Or instead", "numbers": "%d wait, %d agents, %d of them free.", "old": "Out of date: no news for a while.",
	},
	"de": {
		"title": "Wie lange Sie warten", "unknown": "Das wissen wir gerade nicht.", "nobody": "Gerade nimmt niemand Anrufe an.",
		"free": "Gerade ist jemand für Sie frei.", "less": "Weniger als eine Minute", "range": "%d bis %d Minuten",
		"about": "Etwa %d Minuten", "up_to": "Bis zu %d Minuten", "more": "Mehr als %d Minuten", "as_of": "Stand %s",
		"right": "In den letzten 30 Tagen warteten %d von 10 kürzer, als wir sagten.", "best": "Heute ab %s meist kürzer.",
		"instead": "Oder stattdessen", "numbers": "%d warten, %d Mitarbeiter, davon %d frei.",
		"old": "Veraltet: seit einer Weile nichts Neues.",
	},
}

// shownPage is the page in a language.
type shownPage struct {
	Language, Title, Old string
	MaxAge               int
	Queues               []shownQueue
}

type shownQueue struct {
	Title, State, Wait, AsOf, Right, Best, Numbers, Instead string
	Age                                                     int // seconds
	Links                                                   []shownLink
}

type shownLink struct {
	Title string
	URL   template.URL
}

// rightLeast is how many calls «how right» must rest on.
const rightLeast = 20

func (b *Wallboard) shown(l List, language string) shownPage {
	t := texts[language]
	p := shownPage{Language: language, Title: t["title"], Old: t["old"], MaxAge: l.MaxAgeSeconds}
	for _, q := range l.Queues {
		s := shownQueue{Title: in(language, q.Title), State: string(q.State), Wait: q.words(t), Instead: t["instead"]}
		if q.State != waiting.Unknown {
			s.Age = q.AgeSeconds
			s.AsOf = fmt.Sprintf(t["as_of"], q.AsOf.In(b.zone).Format("15:04:05"))
		}
		if q.Told >= rightLeast {
			s.Right = fmt.Sprintf(t["right"], 10*q.WaitedLess/q.Told)
		}
		if q.BestToday != nil {
			s.Best = fmt.Sprintf(t["best"], q.BestToday.Format("15:04"))
		}
		if n := q.Numbers; n != nil {
			s.Numbers = fmt.Sprintf(t["numbers"], n.Waiting, n.OnDuty, n.Free)
		}
		for _, a := range q.Alternatives {
			s.Links = append(s.Links, shownLink{in(language, a.Title), template.URL(a.URL)}) //nolint:gosec // checked settings
		}
		p.Queues = append(p.Queues, s)
	}
	return p
}

// words say how long a caller waits.
func (q Queue) words(t map[string]string) string {
	switch {
	case q.State == waiting.Unknown:
		return t["unknown"]
	case q.State == waiting.Nobody:
		return t["nobody"]
	case q.State == waiting.Free:
		return t["free"]
	case q.Wait.HighMinutes == nil:
		return fmt.Sprintf(t["more"], q.Wait.LowMinutes)
	case *q.Wait.HighMinutes <= 1:
		return t["less"]
	case q.Wait.LowMinutes == 0:
		return fmt.Sprintf(t["up_to"], *q.Wait.HighMinutes)
	case q.Wait.LowMinutes == *q.Wait.HighMinutes:
		return fmt.Sprintf(t["about"], q.Wait.LowMinutes)
	}
	return fmt.Sprintf(t["range"], q.Wait.LowMinutes, *q.Wait.HighMinutes)
}
