// Shows the JSON of a few reports as it is.
interface Embedded {
  answers: Record<string, unknown>;
}

const requests = ["summary", "losses"];

function embedded(): Embedded | null {
  const element = document.getElementById("heapscribe-answers");
  return element ? (JSON.parse(element.textContent ?? "") as Embedded) : null;
}

async function answer(request: string): Promise<unknown> {
  const carried = embedded();
  if (carried) return carried.answers[request];
  const response = await fetch("api/" + request);
  return response.json();
}

async function show(request: string): Promise<void> {
  const heading = document.createElement("h1");
  heading.textContent = request;
  const text = document.createElement("pre");
  text.textContent = JSON.stringify(await answer(request), null, 2);
  document.getElementById("reports")?.append(heading, text);
}

(async () => {
  for (const request of requests) await show(request);
  document.title = "heapscribe: shown";
})();
