package main

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// browserPatience is how long a page may take on a busy machine; what is ready sooner is seen sooner.
const browserPatience = 20 * time.Second

// TestBrowser looks at the pages of a server, as `go run .` starts it, in a browser.
func TestBrowser(t *testing.T) {
	t.Parallel()
	path := browserPath(t)
	_, shop := serverOn(t, []string{"ECOSELLER_FOLDER=" + filepath.Join(openFolder(t), "data")})
	allocator, stop := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("disable-dev-shm-usage", true))...)
	t.Cleanup(stop)
	browser, closeBrowser := chromedp.NewContext(allocator)
	t.Cleanup(closeBrowser)
	if err := chromedp.Do(browser, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	for _, test := range []struct {
		name string
		run  func(t *testing.T, p *browserPage)
	}{
		{"suggestions by keyboard", suggestionsByKeyboard},
		{"suggestions by mouse", suggestionsByMouse},
		{"persisted queries", persistedQueries},
		{"facets and the back button", facetsAndBack},
		{"sorting and more pages", sortingAndMore},
		{"language and country", languageAndCountry},
		{"corrected and relaxed searches", correctedAndRelaxed},
		{"categories and variants", categoriesAndVariants},
		{"addresses that lead nowhere", addressesToNowhere},
		{"accessibility", accessibility},
		{"playground", playgroundRunsExamples},
	} {
		t.Run(test.name, func(t *testing.T) { test.run(t, openPage(browser, t, "http://"+shop.address)) })
	}
}

func browserPath(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("no Chromium and no Chrome found: pages are not looked at")
	return ""
}

// browserPage is a tab with a profile of its own.
type browserPage struct {
	ctx     context.Context //nolint:containedctx // chromedp keeps the tab in its context
	address string

	mu       sync.Mutex
	requests []network.Request
	mistakes []string
}

// openPage opens a tab, and fails the test when the page reports an error of its own.
func openPage(browser context.Context, t *testing.T, address string) *browserPage {
	t.Helper()
	ctx, closeTab := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	p := &browserPage{ctx: ctx, address: address}
	if err := chromedp.Listen(ctx, p.hear); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	p.resize(t, 1280, 900)
	t.Cleanup(func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, mistake := range p.mistakes {
			t.Errorf("the page reports: %s", mistake)
		}
		if t.Failed() {
			location, _ := chromedp.Run(ctx, chromedp.Location())
			text, _ := chromedp.Run(ctx, chromedp.Evaluate[string]("document.body.innerText"))
			t.Logf("at %s:\n%.600s", location, text)
		}
		closeTab()
	})
	return p
}

func (p *browserPage) hear(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, *e.Request)
	case *runtime.EventExceptionThrown:
		p.mistakes = append(p.mistakes, fmt.Sprint(e.ExceptionDetails.Text, e.ExceptionDetails.Exception))
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError {
			p.mistakes = append(p.mistakes, fmt.Sprint("console.error: ", e.Args))
		}
	}
}

// asked are the requests to the API since the last call.
func (p *browserPage) asked() (byGet, byPost []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, request := range p.requests {
		if u, err := url.Parse(request.URL); err != nil || u.Path != "/graphql" {
			continue
		}
		if request.Method == http.MethodGet {
			byGet = append(byGet, request.URL)
		} else {
			byPost = append(byPost, request.URL)
		}
	}
	p.requests = nil
	return byGet, byPost
}

func (p *browserPage) do(t *testing.T, what string, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, browserPatience)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

func (p *browserPage) resize(t *testing.T, width, height int64) {
	t.Helper()
	options := []chromedp.EmulateViewportOption{}
	if width < 600 {
		options = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch)
	}
	p.do(t, "resize", chromedp.EmulateViewport(width, height, options...))
}

// open shows a page of the server and waits until it has a heading.
func (p *browserPage) open(t *testing.T, path string) {
	t.Helper()
	p.do(t, "open "+path, chromedp.Navigate(p.address+path))
	p.until(t, "!document.querySelector('main[aria-busy]') && document.querySelector('h1')?.textContent")
}

// until waits until the expression is true.
func (p *browserPage) until(t *testing.T, expression string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, browserPatience)
	defer cancel()
	for {
		holds, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("Boolean("+expression+")"))
		if holds {
			return
		}
		if ctx.Err() != nil {
			t.Fatalf("it does not come to: %s (%v)", expression, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (p *browserPage) text(t *testing.T, selector string) string {
	t.Helper()
	return p.value(t, fmt.Sprintf("document.querySelector(%q)?.textContent ?? ''", selector))
}

func (p *browserPage) value(t *testing.T, expression string) string {
	t.Helper()
	value, err := chromedp.Run(p.ctx, chromedp.Evaluate[string]("String("+expression+")"))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return value
}

func (p *browserPage) typeInto(t *testing.T, selector, text string) {
	t.Helper()
	p.do(t, "type "+text, chromedp.SendKeys(chromedp.CSS(selector), text))
}

func (p *browserPage) press(t *testing.T, key string) {
	t.Helper()
	p.do(t, "press a key", chromedp.KeyEvent(key))
}

// enter presses the Enter key as a keyboard does: a page that handles it keeps it from submitting the form.
func (p *browserPage) enter(t *testing.T) {
	t.Helper()
	for _, kind := range []input.DispatchKeyEventType{input.DispatchKeyEventTypeKeyDown, input.DispatchKeyEventTypeKeyUp} {
		params := input.DispatchKeyEventParams{Type: kind, Key: "Enter", Code: "Enter", WindowsVirtualKeyCode: 13}
		if kind == input.DispatchKeyEventTypeKeyDown {
			params.Text = "\r"
		}
		if _, err := chromedp.Call(p.ctx, input.DispatchKeyEvent, params); err != nil {
			t.Fatal(err)
		}
	}
}

func (p *browserPage) click(t *testing.T, selector string) {
	t.Helper()
	p.do(t, "click "+selector, chromedp.Click(chromedp.CSS(selector)))
}

// choose takes an option of a select as a customer does: with its events.
func (p *browserPage) choose(t *testing.T, id, value string) {
	t.Helper()
	p.value(t, fmt.Sprintf("(s => { s.value = %q; s.dispatchEvent(new Event('change', {bubbles: true})) })(document.getElementById(%q))", value, id))
}

func (p *browserPage) back(t *testing.T) {
	t.Helper()
	p.value(t, "history.back()")
}

const active = "document.querySelector('#query').getAttribute('aria-activedescendant')"

func suggestionsByKeyboard(t *testing.T, p *browserPage) {
	p.open(t, "/demo/cs/")
	p.press(t, kb.Tab)
	if got := p.value(t, "document.activeElement.id"); got != "skip" {
		t.Errorf("the first stop of the Tab key is %q, not the link to the content", got)
	}
	p.typeInto(t, "#query", "bezdratova slu")
	p.until(t, "document.querySelectorAll('[role=option]').length > 2")
	if got := p.value(t, "document.querySelector('#query').getAttribute('aria-expanded')"); got != "true" {
		t.Errorf("aria-expanded is %s with suggestions", got)
	}
	if got := p.value(t, "document.querySelector('[role=option] mark').textContent"); !strings.HasPrefix(strings.ToLower(got), "bezdr") {
		t.Errorf("marked is %q", got)
	}
	p.until(t, `new RegExp('^' + document.querySelectorAll('[role=option]').length + ' návrh').test(document.querySelector('[role=status]').textContent)`)

	p.press(t, kb.ArrowDown)
	p.until(t, active+" === 'suggestion-0'")
	p.press(t, kb.ArrowUp)
	p.until(t, active+" === document.querySelector('#suggestions').lastElementChild.id")
	p.press(t, kb.Escape)
	p.until(t, "document.querySelector('#suggestions').hidden")
	if got := p.value(t, "document.querySelector('#query').value + ' ' + document.querySelector('#query').getAttribute('aria-expanded')"); got != "bezdratova slu false" {
		t.Errorf("after Escape the field has %q", got)
	}

	p.press(t, kb.ArrowDown) // asks again
	p.until(t, "document.querySelectorAll('[role=option]').length > 2")
	p.press(t, kb.ArrowDown)
	p.until(t, `document.querySelector('#suggestion-0[aria-selected=true]')`)
	chosen := p.text(t, "#suggestion-0 .text")
	p.enter(t)
	p.until(t, "location.pathname.startsWith('/demo/cs/product/') && document.activeElement.id === 'title'")
	if got := p.text(t, "h1"); got != chosen {
		t.Errorf("%q was chosen, %q is shown", chosen, got)
	}
}

func suggestionsByMouse(t *testing.T, p *browserPage) {
	p.open(t, "/demo/en/")
	p.typeInto(t, "#query", "lumora")
	p.until(t, "[...document.querySelectorAll('[role=option]')].some(o => o.querySelector('.side').textContent === 'brand')")
	p.value(t, "[...document.querySelectorAll('[role=option]')].find(o => o.querySelector('.side').textContent === 'brand').id = 'brand-option'")
	p.click(t, "#brand-option")
	p.until(t, "location.pathname === '/demo/en/search' && document.querySelectorAll('.card').length > 5")

	p.value(t, "document.querySelector('#query').value = ''")
	p.typeInto(t, "#query", "tent")
	p.enter(t)
	p.until(t, "new URLSearchParams(location.search).get('q') === 'tent' && document.querySelector('h1').textContent === 'Results for “tent”'")
	p.until(t, "document.querySelector('#suggestions').hidden")
}

func persistedQueries(t *testing.T, p *browserPage) {
	p.open(t, "/demo/en/product/wireless-headphones-lumora-air-2")
	p.asked()
	p.open(t, "/demo/en/product/wireless-headphones-lumora-air-2")
	byGet, byPost := p.asked()
	if len(byGet) < 2 || len(byPost) > 0 {
		t.Errorf("known queries are asked by %d GETs and the POSTs %v", len(byGet), byPost)
	}
	for _, address := range byGet {
		u, err := url.Parse(address)
		if err != nil || u.Query().Has("query") || !strings.Contains(u.Query().Get("extensions"), "sha256Hash") {
			t.Errorf("%s is not a persisted query", address)
		}
	}
}

func facetsAndBack(t *testing.T, p *browserPage) {
	p.open(t, "/demo/cs/search?q=sluchatka")
	all := p.text(t, "#count")
	lumora := p.value(t, "document.getElementById('brand:Lumora').closest('label').querySelector('.count').textContent")
	p.click(t, `[id="brand:Lumora"]`)
	p.until(t, "new URLSearchParams(location.search).get('brand') === 'Lumora'")
	p.until(t, fmt.Sprintf("document.querySelector('#count').textContent.startsWith('%s produkt')", lumora))
	p.until(t, "document.querySelector('[role=status]').textContent === document.querySelector('#count').textContent")
	if got := p.value(t, "document.activeElement.id"); got != "brand:Lumora" {
		t.Errorf("the focus has gone from the facet to %q", got)
	}
	p.click(t, `[id="a-connection:wireless"]`)
	p.until(t, "document.querySelectorAll('.chips .chip').length === 2")
	if got := p.value(t, "document.querySelectorAll('.chip')[1].getAttribute('aria-label')"); got != "Zrušit filtr Připojení: bezdrátové" {
		t.Errorf("the button that removes the second filter is called %q", got)
	}
	p.typeInto(t, `[id="price.max"]`, "2000")
	p.enter(t)
	p.until(t, "new URLSearchParams(location.search).get('max') === '2000' && document.querySelectorAll('.chip').length === 3")

	p.do(t, "reload", chromedp.Reload())
	p.until(t, "document.querySelectorAll('.chip').length === 3 && document.getElementById('brand:Lumora').checked")

	p.back(t)
	p.until(t, "document.querySelectorAll('.chip').length === 2")
	p.back(t)
	p.until(t, "document.querySelectorAll('.chip').length === 1")
	p.back(t)
	p.until(t, fmt.Sprintf("document.querySelector('#count').textContent === %q", all))
	if got := p.value(t, "document.getElementById('brand:Lumora').checked + location.search"); got != "false?q=sluchatka" {
		t.Errorf("back at the beginning there is %s", got)
	}
}

func sortingAndMore(t *testing.T, p *browserPage) {
	p.open(t, "/demo/en/category/home")
	total := p.text(t, "#count")
	p.choose(t, "sort", "price")
	p.until(t, "new URLSearchParams(location.search).get('sort') === 'price'")
	p.until(t, `(() => { const prices = [...document.querySelectorAll('.card .price')].map(e => Number(e.textContent.replace(/[^0-9]/g, '')));
		return prices.length === 24 && prices[0] < prices[23] })()`)
	p.click(t, "#more")
	p.until(t, "document.querySelectorAll('.card').length > 24")
	if got := p.value(t, "document.querySelectorAll('.card').length + ' products'"); got != total {
		t.Errorf("the whole list has %s, it says %s", got, total)
	}
	p.until(t, "document.activeElement === document.querySelectorAll('.card a')[24]")

	p.enter(t)
	p.until(t, "location.pathname.includes('/product/') && document.activeElement.id === 'title' && scrollY === 0")
	p.back(t)
	p.until(t, "document.querySelectorAll('.card').length > 24 && scrollY > 500")
}

func languageAndCountry(t *testing.T, p *browserPage) {
	p.open(t, "/demo/en/product/wireless-headphones-lumora-air-2")
	p.choose(t, "language", "cs")
	p.until(t, "document.documentElement.lang === 'cs' && location.pathname === '/demo/cs/product/bezdratova-sluchatka-lumora-air-2'")
	p.until(t, "document.querySelector('h1').textContent === 'Bezdrátová sluchátka Lumora Air 2' && document.title.startsWith('Bezdrátová')")
	if got := p.text(t, ".offer .price strong"); !strings.HasSuffix(got, "Kč") {
		t.Errorf("in Czechia it costs %s", got)
	}
	p.choose(t, "country", "SK")
	p.until(t, "new URLSearchParams(location.search).get('country') === 'SK' && document.querySelector('.offer .price strong').textContent.includes('€')")
	p.click(t, "#home")
	p.until(t, "location.pathname + location.search === '/demo/cs/?country=SK' && document.querySelector('.card .price').textContent.includes('€')")

	// Its text is Czech, for want of a Slovak one; its address is the Czech one as well.
	p.open(t, "/demo/sk/product/kucharsky-nuz-brenvala-edge-20")
	if got := p.text(t, ".note") + p.value(t, "document.querySelector('h1').lang"); got != "Tento text je len v inom jazyku: Čeština.cs" {
		t.Errorf("the page says of its language %q", got)
	}
	p.open(t, "/demo/en/category/kitchen")
	p.choose(t, "language", "sk")
	p.until(t, "location.pathname === '/demo/sk/category/kuchyna' && document.querySelector('h1').textContent === 'Kuchyňa'")
	p.back(t)
	p.until(t, "document.documentElement.lang === 'en' && document.querySelector('h1').textContent === 'Kitchen'")
}

func correctedAndRelaxed(t *testing.T, p *browserPage) {
	p.open(t, "/demo/cs/search?q=sluchatak")
	if got := p.text(t, "#corrected a"); got != "sluchátka" {
		t.Errorf("sluchatak is corrected to %q", got)
	}
	p.click(t, "#corrected a")
	p.until(t, "new URLSearchParams(location.search).get('q') === 'sluchátka' && !document.querySelector('#corrected')")
	p.open(t, "/demo/en/search?q=wireless+zebra+kettle")
	p.until(t, "document.querySelector('#relaxed') && document.querySelectorAll('.card').length > 0")
	p.open(t, "/demo/en/search?q=qqqqqqqq")
	p.until(t, "document.querySelector('.empty') && document.querySelector('[role=status]').textContent === '0 products'")
}

func categoriesAndVariants(t *testing.T, p *browserPage) {
	p.open(t, "/demo/en/")
	p.click(t, ".tile")
	p.until(t, "location.pathname === '/demo/en/category/electronics' && document.querySelector('#categories a[aria-current=page]').textContent === 'Electronics'")
	p.click(t, ".below a")
	p.until(t, "location.pathname === '/demo/en/category/audio' && document.querySelectorAll('.breadcrumbs li').length === 2")

	p.open(t, "/demo/en/product/wireless-headphones-lumora-air-2")
	if got := p.value(t, "[...document.querySelectorAll('.variants label')].map(l => l.textContent).join()"); got != "black,white,blue" {
		t.Errorf("the variants are called %s", got)
	}
	before := p.text(t, ".offer .price strong")
	p.click(t, "input[value=LUM-AIR2-BLU]")
	p.until(t, "new URLSearchParams(location.search).get('sku') === 'LUM-AIR2-BLU' && document.querySelector('.offer .stock').textContent === 'Sold out'")
	if after := p.text(t, ".offer .price strong"); after == before {
		t.Errorf("without its discount the blue one costs %s as well", after)
	}
	p.do(t, "reload", chromedp.Reload())
	p.until(t, "document.querySelector('input[value=LUM-AIR2-BLU]')?.checked && document.querySelector('dl').textContent.includes('LUM-AIR2-BLU')")
}

func addressesToNowhere(t *testing.T, p *browserPage) {
	for _, path := range []string{"/demo/en/product/none", "/demo/en/category/none", "/demo/en/elsewhere", "/demo/xx/", "/demo/en/product/%E0%A4"} {
		p.do(t, "open "+path, chromedp.Navigate(p.address+path))
		p.until(t, "document.querySelector('h1')?.textContent === 'This page is not here.'")
	}
	p.click(t, "main a")
	p.until(t, "location.pathname === '/demo/en/' && document.querySelectorAll('.tile').length > 3")
	p.do(t, "open without a language", chromedp.Navigate(p.address+"/demo"))
	p.until(t, "/^\\/demo\\/[a-z]{2}\\/$/.test(location.pathname)")
}

// accessibility has axe look at the pages, light on a desk and dark on a phone.
func accessibility(t *testing.T, p *browserPage) {
	axe := readAxe(t)
	for _, path := range []string{
		"/demo/en/", "/demo/cs/search?q=sluchatka&brand=Lumora", "/demo/sk/category/domacnost", "/demo/en/product/wireless-headphones-lumora-air-2",
		"/demo/sk/search?q=qqqqqqqq", "/dev/mailbox/", "/dev/mailbox/templates/ORDER_CONFIRMATION/cs",
	} {
		p.resize(t, 1280, 900)
		p.prefer(t, "light")
		p.open(t, path)
		p.mustBeAccessible(t, axe, path)
		p.resize(t, 390, 844)
		p.prefer(t, "dark")
		p.open(t, path)
		p.mustBeAccessible(t, axe, path+", dark, on a phone")
		if wide := p.value(t, "document.documentElement.scrollWidth"); wide != "390" {
			t.Errorf("%s is %s pixels wide on a phone of 390", path, wide)
		}
	}
	p.open(t, "/demo/en/")
	p.typeInto(t, "#query", "lumora")
	p.until(t, "document.querySelectorAll('[role=option]').length > 2")
	p.press(t, kb.ArrowDown)
	p.mustBeAccessible(t, axe, "suggestions")
}

func (p *browserPage) prefer(t *testing.T, scheme string) {
	t.Helper()
	feature := &emulation.MediaFeature{Name: "prefers-color-scheme", Value: scheme}
	if _, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{feature}}); err != nil {
		t.Fatal(err)
	}
}

func (p *browserPage) mustBeAccessible(t *testing.T, axe, what string) {
	t.Helper()
	p.do(t, "load axe", chromedp.Evaluate[chromedp.Void](axe))
	violations, err := chromedp.Run(p.ctx, chromedp.Evaluate[[]string](`axe.run().then(result => {
		if (result.passes.length < 10) return ['only ' + result.passes.length + ' rules were tried']
		return result.violations.map(v => v.id + ': ' + v.help + ': ' + v.nodes.map(n => n.html + ' ' + n.failureSummary).join('; '))
	})`, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("run axe on %s: %v", what, err)
	}
	for _, violation := range violations {
		t.Errorf("%s: %.900s", what, violation)
	}
}

func readAxe(t *testing.T) string {
	t.Helper()
	file, err := os.Open("testdata/axe.min.js.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	unpacked, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	script, err := io.ReadAll(unpacked)
	if err != nil {
		t.Fatal(err)
	}
	return string(script)
}

// answerOfPlayground is all of the answer; the page itself has only what can be seen of it.
const answerOfPlayground = "(document.querySelector('.graphiql-response .CodeMirror')?.CodeMirror.getValue() ?? '')"

func playgroundRunsExamples(t *testing.T, p *browserPage) {
	open := func() {
		p.do(t, "open the playground", chromedp.Navigate(p.address+"/"))
		p.until(t, "document.querySelectorAll('.graphiql-tab').length === 6 && document.querySelector('.graphiql-execute-button')")
	}
	open()
	p.until(t, "document.querySelector('.graphiql-doc-explorer')?.innerText.includes('SearchProductsConnection') || document.querySelector('.graphiql-doc-explorer')?.innerText.includes('ProductSearchConnection')")
	for i, want := range []string{`"totalCount": 19`, `"highlighted": `, `"sku": "LUM-AIR2-BLK"`, `"hasNextPage": true`, `"state": "QUEUED"`} {
		p.value(t, fmt.Sprintf("document.querySelectorAll('.graphiql-tab')[%d].querySelector('button').click()", i))
		p.until(t, fmt.Sprintf("document.querySelectorAll('.graphiql-tab')[%d].matches('.graphiql-tab-active')", i))
		p.execute(t, want)
	}
	p.until(t, "localStorage.getItem('graphiql:tabState')?.includes('\"activeTabIndex\":4')")
	if got := p.value(t, "Object.values(localStorage).some(text => text.includes('eco_'))"); got != "false" {
		t.Error("the browser keeps the token")
	}
	followJob(t, p)
	p.value(t, "document.querySelectorAll('.graphiql-tab')[4].querySelector('button').click()")
	p.until(t, "document.querySelectorAll('.graphiql-tab')[4].matches('.graphiql-tab-active')")
	p.until(t, "localStorage.getItem('graphiql:tabState')?.includes('\"activeTabIndex\":4')")
	open() // the tabs of the last visit, with the token
	p.execute(t, `"to": `)
}

// execute runs what the tab holds until the answer is the wanted one.
func (p *browserPage) execute(t *testing.T, want string) {
	t.Helper()
	p.answers(t, want, func() { p.click(t, ".graphiql-execute-button") })
}

// answers asks until the answer is the wanted one: GraphiQL shows a tab before it knows what operation is in it.
func (p *browserPage) answers(t *testing.T, want string, ask func()) {
	t.Helper()
	answered := answerOfPlayground + ".includes(" + fmt.Sprintf("%q", want) + ")"
	for range 10 {
		ask()
		for range 20 {
			if p.value(t, answered) == "true" {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	t.Fatalf("the answer never has %s: %s", want, p.value(t, answerOfPlayground))
}

// followJob runs the example that has a query, which says what jobs there are, and a subscription.
func followJob(t *testing.T, p *browserPage) {
	t.Helper()
	p.value(t, "document.querySelectorAll('.graphiql-tab')[5].querySelector('button').click()")
	p.until(t, "document.querySelectorAll('.graphiql-tab')[5].matches('.graphiql-tab-active')")
	const editor = "document.querySelector('.graphiql-query-editor .CodeMirror').CodeMirror"
	p.until(t, editor+".getValue().includes('jobChanged')")
	run := func(operation, want string) {
		p.value(t, fmt.Sprintf("%[1]s.setCursor(%[1]s.getValue().split(/\\n/).findIndex(line => line.startsWith(%[2]q)))", editor, operation))
		p.value(t, editor+".focus()")
		p.answers(t, want, func() {
			p.do(t, "press Ctrl and Enter", chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(chromedp.ModifierCtrl)))
		})
	}
	run("query Jobs", `"kind": "send_email"`)
	id := p.value(t, answerOfPlayground+`.match(/"id": "([^"]+)"/)[1]`)
	p.value(t, fmt.Sprintf("document.querySelector('.graphiql-editor-tool .CodeMirror').CodeMirror.setValue('{\"id\": %q}')", id))
	run("subscription Follow", `"jobChanged"`)
	p.until(t, answerOfPlayground+`.includes('"state": "SUCCEEDED"')`)
}
