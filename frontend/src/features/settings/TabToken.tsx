import { Button } from "@mantine/core";
import { readToken, tokenAsked } from "~/api/token";
import { Fact } from "./Fact";

/** The token that this tab sends with every call. */
export function TabToken() {
  return (
    <Fact name="Token">
      {readToken() === "" ? "none in this tab" : "kept in this tab until it is closed"}{" "}
      <Button onClick={() => tokenAsked.set(true)}>Use another token</Button>
    </Fact>
  );
}
