// A server that counts by HTTP, and a client of several goroutines: `counting serve COUNT`, `counting ask PORT WORKERS COUNT`.
// The server prints its port, ends after COUNT questions, and prints how many it had; the client prints each number that it got.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
)

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func number(text string) int {
	value, err := strconv.Atoi(text)
	check(err)
	return value
}

func serve(count int) {
	var mutex sync.Mutex
	counted := 0
	finished := make(chan struct{})
	handler := func(response http.ResponseWriter, request *http.Request) {
		body, err := io.ReadAll(request.Body)
		check(err)
		mutex.Lock()
		counted++
		own := counted
		mutex.Unlock()
		fmt.Fprintf(response, "%04d for %s", own, body)
		if own == count {
			close(finished)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	server := &http.Server{Handler: http.HandlerFunc(handler)}
	ended := make(chan struct{})
	go func() {
		<-finished
		// Waits for those whom it is still answering.
		check(server.Shutdown(context.Background()))
		close(ended)
	}()
	if err := server.Serve(listener); err != http.ErrServerClosed {
		check(err)
	}
	<-ended
	fmt.Println(counted)
}

func ask(port string, workers int, count int) {
	var group sync.WaitGroup
	for worker := 0; worker < workers; worker++ {
		group.Add(1)
		go func(worker int) {
			defer group.Done()
			// Each has a connection of its own, which it keeps.
			client := &http.Client{Transport: &http.Transport{}}
			for index := 0; index < count; index++ {
				name := fmt.Sprintf("worker %d question %d", worker, index)
				response, err := client.Post("http://127.0.0.1:"+port+"/", "text/plain", strings.NewReader(name))
				check(err)
				body, err := io.ReadAll(response.Body)
				check(err)
				check(response.Body.Close())
				fmt.Println(string(body))
			}
			client.CloseIdleConnections()
		}(worker)
	}
	group.Wait()
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "serve" {
		serve(number(os.Args[2]))
	} else if len(os.Args) == 5 && os.Args[1] == "ask" {
		ask(os.Args[2], number(os.Args[3]), number(os.Args[4]))
	} else {
		check(fmt.Errorf("usage: counting serve COUNT | counting ask PORT WORKERS COUNT"))
	}
}
