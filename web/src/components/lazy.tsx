import type { ComponentType, FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";

/**
 * A component whose code comes when it is first drawn. Where the code cannot be fetched (the server is gone, or was
 * updated under an old page), nothing is drawn, and the next time it is tried again.
 */
export function lazy<Props extends object>(load: () => Promise<ComponentType<Props>>): FunctionComponent<Props> {
  let loaded: ComponentType<Props> | null = null;
  return function Lazy(props: Props) {
    const [, draw] = useState(0);
    useEffect(() => {
      if (loaded) return;
      let gone = false;
      load().then(
        (component) => {
          loaded = component;
          if (!gone) draw((count) => count + 1);
        },
        () => undefined,
      );
      return () => {
        gone = true;
      };
    }, []);
    const Component = loaded;
    return Component && <Component {...props} />;
  };
}
