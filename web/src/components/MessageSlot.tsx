import type { Signal } from "@preact/signals";
import { Component, createRef, type ComponentChild } from "preact";
import type { Message } from "../api/assistant/types";
import { t } from "../i18n";
import { textOf } from "../state/message";
import { MessageView } from "./MessageView";
import { printing } from "./printing";
import type { Sizes } from "./sizes";

interface Props {
  readonly message: Signal<Message>;
  readonly last: boolean;
  readonly near: boolean; // drawn at once
  readonly sizes: Sizes;
}

interface State {
  readonly near: boolean;
}

/**
 * A message's place in the transcript. Once the reader comes near, it is drawn; until then it is its bare text in a box
 * as high as the message probably is: it costs next to nothing, and the browser still finds words in it.
 */
export class MessageSlot extends Component<Props, State> {
  override state: State = { near: this.props.near };
  private readonly element = createRef<HTMLDivElement>();

  override shouldComponentUpdate(props: Props, state: State): boolean {
    return props.message !== this.props.message || props.last !== this.props.last || state.near !== this.state.near;
  }

  override componentDidMount(): void {
    const element = this.element.current;
    if (element) this.props.sizes.watch(element, this.props.message.peek().id, () => this.state.near || this.setState({ near: true }));
    this.setHeight();
  }

  override componentDidUpdate(): void {
    this.setHeight();
  }

  override componentWillUnmount(): void {
    if (this.element.current) this.props.sizes.unwatch(this.element.current);
  }

  override render({ message, last }: Props, { near }: State): ComponentChild {
    return (
      <div class={near || last ? "message" : "message far"} ref={this.element}>
        <Content message={message} last={last} near={near || last} />
      </div>
    );
  }

  private setHeight(): void {
    const element = this.element.current;
    if (!element) return;
    const message = this.props.message.peek();
    const drawn = this.state.near || this.props.last || printing.peek();
    element.style.height = drawn ? "" : `${this.props.sizes.heightOf(message)}px`;
  }
}

function Content({ message, last, near }: { readonly message: Signal<Message>; readonly last: boolean; readonly near: boolean }) {
  if (near || printing.value) return <MessageView signal={message} last={last} />;
  const { role } = message.peek();
  return (
    <div class="bare">
      <span class="sr-only">{role === "user" ? t("chat.you") : "Fathom"}</span>
      {textOf(message.value)}
    </div>
  );
}
