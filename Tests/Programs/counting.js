// A server that counts by HTTP, and a client: `counting.js serve COUNT`, `counting.js ask PORT WORKERS COUNT`.
// The server prints its port, ends after COUNT questions, and prints how many it had; the client prints each number that it got.
const http = require("http")

function serve(count) {
    let counted = 0
    const server = http.createServer((request, response) => {
        let body = ""
        request.on("data", (part) => (body += part))
        request.on("end", () => {
            counted += 1
            response.end(`${String(counted).padStart(4, "0")} for ${body}`)
            if (counted === count) server.close(() => console.log(counted))
        })
    })
    // Whether a connection is kept is the client's business: no timer of ours ends it.
    server.keepAliveTimeout = 0
    server.listen(0, "127.0.0.1", () => console.log(server.address().port))
}

function ask(agent, port, body) {
    return new Promise((resolve, reject) => {
        const options = { agent, host: "127.0.0.1", port, method: "POST", headers: { "Content-Length": body.length } }
        const request = http.request(options, (response) => {
            let answer = ""
            response.on("data", (part) => (answer += part))
            response.on("end", () => resolve(answer))
        })
        request.on("error", reject)
        request.end(body)
    })
}

async function work(worker, port, count) {
    // Each has a connection of its own, which it keeps.
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
    for (let index = 0; index < count; index++) console.log(await ask(agent, port, `worker ${worker} question ${index}`))
    agent.destroy()
}

const [role, ...rest] = process.argv.slice(2)
const numbers = rest.map(Number)
if (role === "serve") serve(...numbers)
else for (let worker = 0; worker < numbers[1]; worker++) work(worker, numbers[0], numbers[2])
