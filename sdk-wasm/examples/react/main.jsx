import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { useRoom } from "rtbroadcaster/react";

function Tour({ uuid }) {
  const [slide, setSlide] = useState(1);
  const { room, status, error, reason } = useRoom("/broadcasting", {
    uuid,
    functions: { goTo: setSlide },
    // After a reload the page has its room again.
    resume: !uuid,
  });

  const next = () => {
    setSlide(slide + 1);
    room.broadcast("goTo", [slide + 1], { state: true });
  };

  return (
    <>
      <p>
        Slide <output id="slide">{slide}</output>
      </p>
      <button id="next" disabled={!room?.isOwner} onClick={next}>
        Next
      </button>
      <a id="link" href={room && `#${room.uuid}`} target="_blank">
        Follow
      </a>
      <p id="status">{error?.message ?? reason?.message ?? status}</p>
    </>
  );
}

createRoot(document.querySelector("main")).render(
  <StrictMode>
    <Tour uuid={location.hash.slice(1) || undefined} />
  </StrictMode>,
);
