package spoken

// Command is what a caller wants who answers a question with something else than the answer.
type Command int

const (
	// None: no command, or nothing that is understood.
	None Command = iota
	// Yes and No answer «is that right?».
	Yes
	No
	// DontHave: they have not got or do not know what they are asked for.
	DontHave
	// Agent: they want to speak to a person.
	Agent
	// Repeat: they want to hear it again.
	Repeat
	// Slower: they want to hear it again, slowly.
	Slower
	// KeyIt: they would rather use the keypad.
	KeyIt
)

func (c Command) String() string {
	return [...]string{"none", "yes", "no", "dont_have", "agent", "repeat", "slower", "key_it"}[c]
}

// precedence of commands that are in the same sentence. A person always wins.
var precedence = []Command{Agent, KeyIt, DontHave, Slower, Repeat}

// CommandIn returns the command in what was said. All words must belong to it: a sentence with a number, or with words
// that are not understood, is no command. The exception is No: rest is what comes after it, part of words and not a
// copy, as in «no, four five six». Yes has never a rest, and means nothing but yes.
func CommandIn(language string, words []byte) (command Command, rest []byte) {
	u := languageOf(language).hear(words)
	if u == nil {
		return None, nil
	}
	defer u.wipe()
	return u.command()
}

func (u *utterance) command() (command Command, rest []byte) {
	var said [KeyIt + 1]bool
	weak := None     // «sorry» alone
	chatter := false // words of a wish: a bare yes has none
	afterNo := u.afterNo(0)
	pieces := u.takeToPieces()
	if pieces == nil {
		return u.no(afterNo)
	}
	for _, p := range pieces {
		switch {
		case p.command != None && p.manners:
			if weak == None || weak == Repeat {
				weak = p.command
			}
		case p.command != None:
			said[p.command] = true
		case !p.manners:
			chatter = true
		}
	}
	for _, c := range precedence {
		if said[c] {
			return c, nil
		}
	}
	switch {
	case said[Yes] && said[No]:
		return None, nil
	case said[No] && chatter:
		return u.no(afterNo)
	case said[No]:
		return No, nil
	case chatter:
		return None, nil
	case said[Yes]:
		return Yes, nil
	}
	return weak, nil
}

// no is a «no» that ends before a token, with what follows.
func (u *utterance) no(end int) (Command, []byte) {
	if end == 0 || end == u.limit {
		return None, nil
	}
	return No, u.source[u.tokens[end].at:]
}

// afterNo is where a «no» at the beginning of the tokens from one on ends, or 0.
func (u *utterance) afterNo(from int) int {
	for from < u.limit && u.is(from, link|polite) {
		from++
	}
	end := 0
	u.lang.commands.match(u, from, func(to, value int) {
		if Command(value) == No {
			end = max(end, to)
		}
	})
	return end
}

// piece is words of a sentence that are a command, or go with one.
type piece struct {
	end     int
	command Command
	// manners says that it is no more than a polite word, whatever else it may be.
	manners bool
	cost    int // of this piece and all after it
}

// takeToPieces divides the sentence into commands, as long as possible, and words that go with commands. Nil means that
// there is something else in it.
func (u *utterance) takeToPieces() []piece {
	best := make([]piece, u.limit+1)
	for at := u.limit - 1; at >= 0; at-- {
		consider := func(p piece) {
			if p.end < u.limit && best[p.end].end == 0 {
				return // the rest cannot be divided
			}
			p.cost += best[p.end].cost
			if best[at].end == 0 || p.cost < best[at].cost {
				best[at] = p
			}
		}
		mannered := u.is(at, link|polite)
		u.lang.commands.match(u, at, func(end, value int) {
			consider(piece{end: end, command: Command(value), manners: mannered && end == at+1, cost: 2})
		})
		if mannered {
			consider(piece{end: at + 1, manners: true, cost: 2})
		}
		if u.is(at, carrier) {
			consider(piece{end: at + 1, cost: 3})
		}
	}
	if best[0].end == 0 {
		return nil
	}
	var pieces []piece
	for at := 0; at < u.limit; at = best[at].end {
		pieces = append(pieces, best[at])
	}
	return pieces
}
